"""A run over a set: each photo its own character, kept and chosen again, and photos without a face."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.pipeline import ChosenFinder, Report, create_characters, open_character_set
from f2p_deploy.pipeline.character_set import CharacterSet
from f2p_deploy.pipeline.page.characters_page import characters_html


@pytest.fixture
def characters(tmp_path: Path, small_bundle: Bundle) -> CharacterSet:
    """A man and a woman with small bundles; the demo bundle reads sex and age."""
    for name in ("man", "woman"):
        shutil.copytree(small_bundle.path, tmp_path / "set" / name)
    (tmp_path / "set" / "characters.toml").write_text('reader = "demo"\n')
    return open_character_set(tmp_path / "set")


def run(photos: list[Path], characters: CharacterSet, finder: ChosenFinder, out: Path, **more: object) -> Report:
    """Make the characters in one-shot mode."""
    return create_characters(photos, characters, out, ("one-shot",), finder=finder, **more)  # type: ignore[arg-type]


def test_results_say_which_character_and_why(
    characters: CharacterSet, photo: Path, finder: ChosenFinder, tmp_path: Path
) -> None:
    report = run([photo], characters, finder, tmp_path / "out")
    (made,) = report.characters
    assert made.character is not None and made.character.name == "woman"
    assert made.character.reason.startswith("a woman of about")
    assert report.bundle == "woman" and "Characters chosen by sex and age: woman 1." in report.notes
    stored = json.loads((tmp_path / "out" / "astronaut" / "result.json").read_text())
    assert stored["character"]["name"] == "woman" == report.to_dict()["results"][0]["character"]["name"]
    assert made.character.reason in report.page.read_text()
    assert "bundles" in characters_html(replace(report, bundle="man, woman"))
    assert "bundles" not in report.page.read_text()
    head, row = (line.split(",") for line in report.table.read_text().splitlines())
    assert row[head.index("character")] == "woman"


def test_a_second_run_keeps_character_and_choice(
    characters: CharacterSet, photo: Path, finder: ChosenFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run([photo], characters, finder, tmp_path / "out")
    monkeypatch.setattr(CharacterSet, "choose", lambda *_: pytest.fail("the photo was read again"))
    again = run([photo], characters, finder, tmp_path / "out")
    assert [result.kept for result in again.characters] == [True]
    assert again.characters[0].character == first.characters[0].character


def test_a_named_character_replaces_the_choice(
    characters: CharacterSet, photo: Path, finder: ChosenFinder, tmp_path: Path
) -> None:
    run([photo], characters, finder, tmp_path / "out")
    named = open_character_set(characters.folder, "man")
    (made,) = run([photo], named, finder, tmp_path / "out").characters
    assert made.character is not None and (made.character.name, made.character.reason) == ("man", "as asked")


def test_a_photo_without_a_face_fails_alone(
    characters: CharacterSet, photo: Path, finder: ChosenFinder, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    report = run([broken, photo], characters, finder, tmp_path / "out")
    assert [failure.reason for failure in report.failed] == ["unreadable"]
    assert len(report.characters) == 1


def test_a_doubt_is_a_remark(
    characters: CharacterSet, photo: Path, finder: ChosenFinder, tmp_path: Path
) -> None:
    young = (replace(characters.kinds[0], ages=(0, 120)), replace(characters.kinds[1], ages=(0, 36)))
    old = replace(characters.kinds[1], name="man", ages=(37, 120))
    assert old.name in characters.runtimes
    doubtful = replace(characters, kinds=(young[1], old))
    (made,) = run([photo], doubtful, finder, tmp_path / "out").characters
    assert made.character is not None and "nearly as likely" in made.character.doubt
    assert made.character.doubt in made.remarks and made.character.doubt in (tmp_path / "out/summary.csv").read_text()
