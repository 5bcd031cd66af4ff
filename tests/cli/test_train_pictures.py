"""`train --engine-at`: the pictures that stages need are asked of an engine, kept, and not asked for twice."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW

pytest.importorskip("torch")

TOY = """
name = "toy"
[[controllers]]
name = "light"
group = "face"
[[discrete]]
name = "hue"
options = ["red", "blue"]
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    path.write_text(TOY)
    return path


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    """The smallest training: an imitator for faces of 128 pixels, and one update."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        'base = "small"\npictures = 520\n[settings.architecture]\nimage_size = 128\nimitator_width = 0.05\n'
        "recognition_width = 0.05\nsegmentation_width = 0.05\nsegmentation_size = 128\ntranslator_width = 0.05\n"
    )
    return path


@pytest.fixture
def painter(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[int]]:
    """Makes `toy_painter:Painter` an engine, which goes away at some picture; returns the sizes that it was asked."""
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.system.errors import InputError

    def start(ends: int | None = None) -> list[int]:
        asked: list[int] = []

        class Painter:
            schema = load_schema(toy)

            def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
                if len(asked) == ends:
                    raise InputError("the engine is gone")
                asked.append(size)
                return Rendering(np.full((size, size, 3), round(255 * float(parameters[0])), np.uint8))

            def render_many(
                self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
            ) -> Iterator[Rendering]:
                return (self.render(row, size) for row in batch)

        module = type(sys)("toy_painter")
        module.Painter = Painter  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "toy_painter", module)
        return asked

    return start


def test_an_imitator_is_trained_on_an_engine_s_pictures(
    f2p: Callable, painter: Callable, toy: Path, preset: Path, tmp_path: Path
) -> None:
    pytest.importorskip("lightning_fabric")
    words = ("train", "imitator", "--bundle", tmp_path / "bundle", "--preset", preset, "--steps", 1, "--threads", 1)
    at = ("--engine-at", "toy_painter:Painter", "--schema", toy, "--batch", 2)
    painter(ends=300)
    ran = f2p(*words, *at)
    folder = tmp_path / "bundle.training" / "pictures" / "front"
    assert ran.code == 2 and f"the engine is gone; 300 of 520 front pictures are kept in {folder}" in ran.err
    asked = painter()
    ran = f2p(*words, *at)
    assert ran.code == 0, ran.err
    assert asked == [128] * 220 and (tmp_path / "bundle" / "imitator.safetensors").is_file()
    stored = json.loads((tmp_path / "bundle" / "bundle.json").read_text())
    assert stored["schema"]["name"] == "toy" and stored["provenance"]["imitator"]["samples"] == 20
    asked = painter()
    assert f2p(*words, *at).code == 0 and asked == []  # all there


def test_wrong_words(f2p: Callable, painter: Callable, toy: Path, preset: Path, tmp_path: Path) -> None:
    bundle = ("--bundle", tmp_path / "bundle")
    at = ("--engine-at", "toy_painter:Painter")
    asked = painter()
    ran = f2p("train", "imitator", *bundle, *at)
    assert ran.code == 2 and "needs --schema, the parameters of the engine" in ran.err
    ran = f2p("train", "imitator", *bundle, *at, "--schema", "makehuman")
    assert ran.code == 2 and "is for schema 'toy'; asked for 'makehuman'" in ran.err
    ran = f2p("train", "all", *bundle, *at, "--schema", toy)
    assert ran.code == 2 and "reader learns from real faces" in ran.err  # before anything is drawn
    ran = f2p("train", "imitator", *bundle, *at, "--schema", toy, "--pictures", 100)
    assert ran.code == 2 and "the engine was to draw 100" in ran.err
    assert "imitator needs at least 516 pictures" in ran.err and "more with --pictures 516" in ran.err
    ran = f2p("train", "imitator", *bundle, "--pictures", 100)
    assert ran.code == 2 and "--pictures is about the pictures of --engine-at" in ran.err
    ran = f2p("train", "imitator", *bundle, "--engine-at", "tcp://127.0.0.1:1", "--schema", toy)
    assert ran.code == 2 and "no engine listens" in ran.err
    assert asked == [] and not (tmp_path / "bundle").exists()
