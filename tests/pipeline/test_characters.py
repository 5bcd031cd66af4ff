"""Characters from photos: their images and files, and the state after an interrupt."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.system.errors import InputError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_the_picture_is_the_imitators_of_the_written_parameters(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.character.parameter_files import read_parameters
    from f2p_deploy.model.reference import reference_generate, reference_render
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    report = create_characters([photo], small_bundle, out, ["one-shot"], finder=finder)
    parameters = read_parameters(out / "astronaut" / "parameters.json", small_bundle.schema)
    drawn = np.asarray(Image.open(out / "astronaut" / "character.png"))
    assert np.array_equal(drawn, reference_render(small_bundle, parameters))
    aligned = np.array(Image.open(out / "astronaut" / "aligned.png"))
    expected = reference_generate(small_bundle, aligned, "one-shot").parameters
    assert parameters == expected == report.created[0].parameters
    result = json.loads((out / "astronaut" / "result.json").read_text())
    assert result["bundle_fingerprint"] == small_bundle.fingerprint and result["finder"] == "file"


def test_two_photos_of_one_name(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path, astronaut: np.ndarray
) -> None:
    from f2p_deploy.pipeline import create_characters

    Image.fromarray(astronaut).save(photo.with_suffix(".jpg"))
    report = create_characters([photo.parent], small_bundle, tmp_path / "out", ["one-shot"], finder=finder)
    assert [result.name for result in report.created] == ["astronaut", "astronaut-2"]
    assert all((tmp_path / "out" / name / "parameters.json").is_file() for name in ("astronaut", "astronaut-2"))


def test_an_interrupt_shows_what_was_made(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    def interrupt(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if 1 < done < 2 and "iteration" in doing:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(Interrupted, match=r"stopped after 1 of 2 characters; .*index.html shows") as caught:
        create_characters([photo], small_bundle, out, ["one-shot", "hybrid"], finder=finder, progress=interrupt)
    assert caught.value.exit_code == 130
    assert sorted(path.name for path in out.iterdir()) == ["astronaut-one-shot", "index.html", "summary.csv"]


def test_a_bug_with_one_photo_does_not_lose_the_others(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from dataclasses import replace

    from f2p_deploy.alignment import Landmarks
    from f2p_deploy.pipeline import create_characters

    class Broken:
        def find(self, image: np.ndarray, name: str | None = None) -> list[Landmarks]:
            if name == "broken.png":
                raise RuntimeError("native code failed")
            return finder.finder.find(image, name)

    (photo.parent / "broken.png").write_bytes(photo.read_bytes())
    chosen = replace(finder, finder=Broken())
    report = create_characters([photo.parent], small_bundle, tmp_path / "out", ["one-shot"], finder=chosen)
    (failure,) = report.failed
    assert failure.reason == "unexpected" and "RuntimeError: native code failed" in failure.message
    assert len(report.created) == 1


def test_the_engine_draws_too_and_must_be_of_the_schema(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", plain_engine: "Callable[..., Any]", tmp_path: Path
) -> None:
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    create_characters([photo], small_bundle, out, ["one-shot"], finder=finder, engine=plain_engine(small_bundle.schema))
    drawn = np.asarray(Image.open(out / "astronaut" / "engine.png"))
    assert drawn.mean() == 77 and drawn.shape == (512, 512, 3)
    create_characters([photo], small_bundle, out, ["one-shot"], finder=finder)
    assert not (out / "astronaut" / "engine.png").exists()
    other = plain_engine(load_schema("justice-male"))
    with pytest.raises(InputError, match="the engine is for schema 'justice-male', the bundle 'small' is for 'small'"):
        create_characters([photo], small_bundle, out, finder=finder, engine=other)
