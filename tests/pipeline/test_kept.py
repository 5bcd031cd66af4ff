"""Characters of an earlier run: kept under the same conditions, created again if anything differs or is damaged."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder, Report

pytest.importorskip("torch")


@pytest.fixture
def create(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> "Callable[..., Report]":
    """Makes the photo's character in `out`; what is not said is as ever."""
    from f2p_deploy.pipeline import create_characters

    def run(photos: object = None, modes: tuple[str, ...] = ("one-shot",), **more: Any) -> "Report":
        asked = {"source": small_bundle, "finder": finder, **more}
        source = asked.pop("source")
        return create_characters(photos or [photo], source, tmp_path / "out", modes, **asked)

    return run


def test_an_unchanged_photo_keeps_its_character(create: "Callable[..., Report]", tmp_path: Path) -> None:
    made = create()
    page, table = made.page.read_text(), made.table.read_text()
    file = tmp_path / "out" / "astronaut" / "result.json"
    before = file.stat().st_mtime_ns
    kept = create()
    assert (len(made.created), len(made.kept), len(kept.created), len(kept.kept)) == (1, 0, 0, 1)
    assert file.stat().st_mtime_ns == before and kept.made_with == ""
    (one,), (other,) = made.characters, kept.characters
    assert one.parameters == other.parameters and one.view == other.view and one.warnings == other.warnings
    assert replace(one, parameters=None, seconds=0, generation_seconds=0, kept=True) == replace(
        other, parameters=None, seconds=0, generation_seconds=0
    )
    assert kept.table.read_text().replace(",kept,", ",created,") == table
    note = "1 character was there already, made from the same photo with the same settings, and not made again"
    assert note in kept.notes[-1] and kept.page.read_text().count("<article") == page.count("<article") == 1
    (row,) = kept.to_dict()["results"]
    assert row["status"] == "kept" and kept.to_dict()["kept"] == 1


def test_again_makes_it_anew(create: "Callable[..., Report]") -> None:
    create()
    assert len(create(again=True).created) == 1


def _other_photo(photo: Path, out: Path) -> None:
    with Image.open(photo) as picture:
        changed = picture.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    changed.save(photo)


def _cut(photo: Path, out: Path) -> None:
    result = out / "result.json"
    result.write_bytes(result.read_bytes()[:200])


def _without_picture(photo: Path, out: Path) -> None:
    (out / "character.png").unlink()


def _empty_picture(photo: Path, out: Path) -> None:
    (out / "aligned.png").write_bytes(b"")


def _older_result(photo: Path, out: Path) -> None:
    content = json.loads((out / "result.json").read_text())
    del content["view"]
    (out / "result.json").write_text(json.dumps(content))


def _other_version(photo: Path, out: Path) -> None:
    content = json.loads((out / "result.json").read_text())
    content["asked"]["version"] = "0.0.1"
    (out / "result.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change", [_other_photo, _cut, _without_picture, _empty_picture, _older_result, _other_version]
)
def test_different_or_damaged_characters_are_created_again(
    create: "Callable[..., Report]", photo: Path, tmp_path: Path, change: "Callable[[Path, Path], None]"
) -> None:
    create()
    change(photo, tmp_path / "out" / "astronaut")
    assert len(create().created) == 1
    assert len(create().kept) == 1


def test_other_options_are_other_characters(
    create: "Callable[..., Report]",
    small_bundle: "Bundle",
    small_artifact: Path,
    bundle_with_priors: "Bundle",
    finder_for: "Callable[..., ChosenFinder]",
) -> None:
    from f2p_deploy.character.parameters import average
    from f2p_deploy.runtimes import load

    locked = average(small_bundle.schema).with_values({"eye.tx": 0.875}).lock("eye.tx")
    create()
    for option in (
        {"modes": ("hybrid",)},
        {"modes": ("auto",)},
        {"face": 1},
        {"keep": locked},
        {"finder": finder_for("astronaut.png", "other.png")},
        {"source": load(small_artifact, "onnxruntime", threads=1)},
        {"source": bundle_with_priors},
        {},
    ):
        assert len(create(**option).created) == 1, option
        assert len(create(**option).kept) == 1, option


def test_parameters_that_were_edited_are_the_characters(create: "Callable[..., Report]", tmp_path: Path) -> None:
    create()
    path = tmp_path / "out" / "astronaut" / "parameters.json"
    content = json.loads(path.read_text())
    content["controllers"]["eye.tx"] = 0.125
    path.write_text(json.dumps(content))
    (kept,) = create().kept
    assert kept.parameters["eye.tx"] == 0.125 and json.loads(path.read_text())["controllers"]["eye.tx"] == 0.125


def test_several_modes_are_kept_one_by_one(create: "Callable[..., Report]", tmp_path: Path) -> None:
    create(modes=("one-shot", "hybrid"))
    (tmp_path / "out" / "astronaut-one-shot" / "result.json").unlink()
    report = create(modes=("one-shot", "hybrid"))
    assert [(result.name, result.kept) for result in report.characters] == [
        ("astronaut-one-shot", False),
        ("astronaut-hybrid", True),
    ]


def test_a_folder_keeps_its_photo_whatever_else_is_added(
    create: "Callable[..., Report]", photo: Path, finder_for: "Callable[..., ChosenFinder]"
) -> None:
    finder = finder_for("astronaut.bmp", "astronaut.jpg", "astronaut.png")
    with Image.open(photo) as picture:
        picture.save(photo.with_suffix(".jpg"))
        first = create([photo.parent], finder=finder)
        assert [result.photo.suffix for result in first.created] == [".jpg", ".png"]
        picture.save(photo.with_suffix(".bmp"))
    second = create([photo.parent], finder=finder)
    assert {result.photo.suffix: (result.name, result.kept) for result in second.characters} == {
        ".bmp": ("astronaut-3", False),
        ".jpg": ("astronaut", True),
        ".png": ("astronaut-2", True),
    }
    third = create([photo], finder=finder)
    assert [(result.name, result.kept) for result in third.characters] == [("astronaut-2", True)]


def test_a_moved_photo_keeps_its_character(
    create: "Callable[..., Report]", photo: Path, tmp_path: Path
) -> None:
    create()
    photo.parent.rename(tmp_path / "moved")
    report = create([tmp_path / "moved" / photo.name])
    assert [(result.name, result.kept) for result in report.characters] == [("astronaut", True)]


@pytest.mark.parametrize("more", [{"modes": ("iterative",)}, {"again": True}])
def test_edited_parameters_are_kept_where_a_new_character_takes_their_place(
    create: "Callable[..., Report]", tmp_path: Path, more: dict[str, Any]
) -> None:
    create()
    folder = tmp_path / "out" / "astronaut"
    edited = (folder / "parameters.json").read_text().replace("0.", "0.0", 1)
    for copy in ("parameters.edited.json", "parameters.edited-2.json"):
        (folder / "parameters.json").write_text(edited)
        (made,) = create(**more).characters
        assert (folder / copy).read_text() == edited != (folder / "parameters.json").read_text()
        assert f"the parameters that were edited here are kept in {copy}" in made.warnings
        more = {"again": True}
    (made,) = create(again=True).characters
    assert not any("edited" in warning for warning in made.warnings)
    assert len(list(folder.glob("parameters.edited*"))) == 2


def test_another_photo_of_the_same_name_gets_a_folder_of_its_own(
    create: "Callable[..., Report]", photo: Path, tmp_path: Path
) -> None:
    create()
    first = (tmp_path / "out" / "astronaut" / "result.json").read_bytes()
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(photo, tmp_path / "other" / photo.name))
    (moved,) = create([other]).characters
    assert moved.name == "astronaut" and moved.kept  # the same photo, in another place
    with Image.open(photo) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((0, 0), (1, 2, 3))
    changed.save(other)
    (made,) = create([other]).characters
    assert made.name == "astronaut-2"
    assert (tmp_path / "out" / "astronaut" / "result.json").read_bytes() == first
    (again,) = create([other]).characters
    assert again.name == "astronaut-2" and again.kept
