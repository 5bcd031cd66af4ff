"""Images that were drawn in advance: shown only for the character that was drawn."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.pipeline.drawn import FOLDER, INDEX, TOLERANCE, read_drawn, write_drawn
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

SCHEMA = Schema("small", (Controller("a.x", "a"), Controller("b.x", "b")), (DiscreteGroup("hair", ("none", "long")),))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A folder of a dark and a bright picture."""
    usual = average(SCHEMA)
    characters = [
        ("one", usual, np.full((8, 8, 3), 40, np.uint8)),
        ("other", usual.with_values({"a.x": 0.52}), np.full((8, 8, 3), 200, np.uint8)),
    ]
    write_drawn(tmp_path / FOLDER, SCHEMA, characters, {"command": "tests"})
    return tmp_path / FOLDER


@pytest.mark.parametrize(("value", "grey"), [(0.5, 40), (0.5 + 0.9 * TOLERANCE, 40), (0.5199, 200)])
def test_the_nearest_is_shown_where_it_is_a_hair_away(drawn: Path, value: float, grey: int) -> None:
    found = read_drawn(drawn, SCHEMA).find(average(SCHEMA).with_values({"a.x": value}))
    assert found is not None and np.abs(found.astype(int) - grey).max() <= 2


@pytest.mark.parametrize("change", [{"a.x": 0.5 + 1.1 * TOLERANCE}, {"b.x": 0.6}, {"hair": "long"}])
def test_another_character_is_not_shown(drawn: Path, change: dict[str, float | str]) -> None:
    assert read_drawn(drawn, SCHEMA).find(average(SCHEMA).with_values(change)) is None


def test_no_folder_and_another_schema_have_nothing(drawn: Path, tmp_path: Path) -> None:
    assert read_drawn(tmp_path / "nowhere", SCHEMA).find(average(SCHEMA)) is None
    other = Schema("other", SCHEMA.controllers, (DiscreteGroup("hair", ("none", "short")),))
    assert read_drawn(drawn, other).find(average(other)) is None


def test_writing_replaces_all_earlier_pictures(drawn: Path) -> None:
    write_drawn(drawn, SCHEMA, [("new", average(SCHEMA), np.zeros((8, 8, 3), np.uint8))], {})
    assert sorted(path.name for path in drawn.iterdir()) == [INDEX, "new.jpg"]


def test_a_damaged_file_is_named(drawn: Path) -> None:
    found = read_drawn(drawn, SCHEMA)
    Image.new("RGB", (8, 8)).save(drawn / "one.jpg")
    with pytest.raises(InputError, match=r"one.jpg is missing or not what drawn.json says: remove "):
        found.find(average(SCHEMA))
    content = json.loads((drawn / INDEX).read_text())
    content["characters"][0]["parameters"] = [0.5]
    (drawn / INDEX).write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"drawn.json is damaged: a character lacks a value or has one of the wrong"):
        read_drawn(drawn, SCHEMA)
    content["characters"][0] = {"file": "../one.jpg", "sha256": "", "parameters": []}
    (drawn / INDEX).write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"drawn.json is damaged"):
        read_drawn(drawn, SCHEMA)
    (drawn / INDEX).write_text("{}")
    with pytest.raises(InputError, match=r"is no list of drawn characters"):
        read_drawn(drawn, SCHEMA)
    (drawn / INDEX).write_text("{")
    with pytest.raises(InputError, match=r"drawn.json: it is not valid JSON at line 1, column 2"):
        read_drawn(drawn, SCHEMA)


@pytest.fixture
def bundle_with_drawn(small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path) -> "Bundle":
    """A copy of the small bundle with a picture of the photo's one-shot character beside it."""
    pytest.importorskip("torch")
    from f2p_deploy.model.bundle import copy_bundle, load_bundle
    from f2p_deploy.pipeline import create_characters

    copy = load_bundle(copy_bundle(small_bundle, tmp_path / "drawn-bundle", "drawn").path)
    made = create_characters([photo], copy, tmp_path / "first", ["one-shot"], finder=finder).created[0]
    picture = np.full((64, 64, 3), 123, np.uint8)
    write_drawn(copy.path / FOLDER, copy.schema, [("one", made.parameters, picture)], {})
    return copy


def _only(report: "Any", out: Path) -> tuple[dict[str, "Any"], "Any"]:
    (result,) = report.characters
    return json.loads((out / result.name / "result.json").read_text()), result


def test_a_run_shows_it_beside_its_bundle_and_keeps_it(
    bundle_with_drawn: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    report = create_characters([photo], bundle_with_drawn, out, ["one-shot"], finder=finder)
    content, result = _only(report, out)
    assert content["engine_picture"] == "beforehand" and result.has_engine_picture and result.drawn_beforehand
    with Image.open(out / "astronaut" / "engine.png") as picture:
        assert picture.size == (64, 64) and np.asarray(picture).mean() == 123
    assert "The engine drew these pictures in advance" in report.page.read_text()
    kept = create_characters([photo], bundle_with_drawn, out, ["one-shot"], finder=finder)
    assert kept.kept[0].drawn_beforehand and "engine.png" in kept.page.read_text()
    parameters = out / "astronaut" / "parameters.json"
    written = parameters.read_text()
    content = json.loads(written)
    content["controllers"]["eye.tx"] = 1.0
    parameters.write_text(json.dumps(content))
    edited = create_characters([photo], bundle_with_drawn, out, ["one-shot"], finder=finder)
    assert edited.kept[0].edited and not edited.kept[0].has_engine_picture
    assert "engine.png" not in edited.page.read_text()
    parameters.write_text(written)
    (out / "astronaut" / "engine.png").unlink()
    assert create_characters([photo], bundle_with_drawn, out, ["one-shot"], finder=finder).created
    hybrid = create_characters([photo], bundle_with_drawn, out, ["hybrid"], finder=finder)
    content, result = _only(hybrid, out)
    assert content["engine_picture"] is None and not (out / "astronaut" / "engine.png").exists()


def test_an_engine_that_is_here_draws_itself(
    bundle_with_drawn: "Bundle",
    photo: Path,
    finder: "ChosenFinder",
    plain_engine: "Callable[..., Any]",
    tmp_path: Path,
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    engine = plain_engine(bundle_with_drawn.schema)
    report = create_characters([photo], bundle_with_drawn, out, ["one-shot"], finder=finder, engine=engine)
    content, result = _only(report, out)
    assert content["engine_picture"] == "now" and not result.drawn_beforehand
    assert np.asarray(Image.open(out / "astronaut" / "engine.png")).mean() == 77


def test_a_damaged_index_is_said_before_anything_is_made(
    bundle_with_drawn: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    (bundle_with_drawn.path / FOLDER / INDEX).write_text("[]")
    with pytest.raises(InputError, match="is no list of drawn characters"):
        create_characters([photo], bundle_with_drawn, tmp_path / "out", ["one-shot"], finder=finder)


def test_parameters_survive_the_index(drawn: Path) -> None:
    vectors = np.random.default_rng(0).random((1, 2)).astype(np.float32)
    made = Parameters(SCHEMA, np.concatenate([vectors[0], [0.0, 1.0]]))
    write_drawn(drawn, SCHEMA, [("made", made, np.zeros((8, 8, 3), np.uint8))], {})
    found = read_drawn(drawn, SCHEMA)
    assert np.abs(found.parameters[0] - made.values).max() < 1e-6 and found.find(made) is not None
