"""`--engine-at`: pictures of a studio's own engine, in every command that draws."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.engine.engine import Rendering, Scene

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

PLAIN = Scene()


@pytest.fixture
def studio(small_bundle: "Bundle", monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an engine in Python that paints everybody in one colour."""

    class Painter:
        schema = small_bundle.schema

        def render(self, parameters: np.ndarray, size: int, scene: Scene = PLAIN) -> Rendering:
            image = np.full((size, size, 3), (9, 8, 7), np.uint8)
            return Rendering(image, None, dict.fromkeys(LANDMARKS, (1.0, 1.0)))

        def render_many(self, batch, size, scenes=None, workers=1):  # noqa: ANN001, ANN201
            return (self.render(row, size) for row in batch)

    module = type(sys)("own_painter")
    module.Painter = Painter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_painter", module)
    return "own_painter:Painter"


def colour_of(path: Path) -> list[int]:
    with Image.open(path) as picture:
        return np.asarray(picture).reshape(-1, 3)[0].tolist()


def test_render_draws_with_it(f2p: Callable, small_bundle: "Bundle", studio: str, tmp_path: Path) -> None:
    out = tmp_path / "face.png"
    words = ("render", "--average", "--bundle", small_bundle.path, "-o", out, "--json")
    ran = f2p(*words, "--engine-at", studio)
    assert ran.code == 0 and ran.json["drawn_by"] == "engine" and colour_of(out) == [9, 8, 7], ran.err
    assert f2p(*words).json["drawn_by"] == "imitator"


def test_run_draws_with_it(
    f2p: Callable, small_bundle: "Bundle", studio: str, photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "--mode", "one-shot", "--threads", 1)
    ran = f2p("run", photo, *words, "-o", tmp_path / "out", "--engine-at", studio)
    assert ran.code == 0, ran.err
    assert colour_of(next((tmp_path / "out").glob("*/engine.png"))) == [9, 8, 7]


@pytest.mark.parametrize("command", ["render", "run"])
def test_no_engine_there_is_said_before_work(
    f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path, command: str
) -> None:
    words = ("render", "--average") if command == "render" else ("run", photo)
    out = tmp_path / "out.png"
    ran = f2p(*words, "--bundle", small_bundle.path, "-o", out, "--engine-at", "tcp://127.0.0.1:1")
    assert ran.code == 2 and ran.err == "error: no engine listens at tcp://127.0.0.1:1: start it first\n"
    assert not out.exists()


def test_a_run_draws_again_what_another_engine_draws(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    from f2p_deploy.character.parameters import column_names
    from f2p_deploy.engine.clients.f2p_engine import EngineServer

    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "--mode", "one-shot", "--threads", 1)
    out, colours = tmp_path / "out", []
    for shade, kept in ((40, 0), (90, 0), (90, 1)):
        if not kept:
            server = EngineServer(lambda p, size, s, shade=shade: bytes([shade]) * (3 * size * size),
                                  column_names(small_bundle.schema), port=0)  # fmt: skip
            threading.Thread(target=server.serve, daemon=True).start()
        ran = f2p("run", photo, *words, "-o", out, "--engine-at", f"tcp://127.0.0.1:{server.port}", "--json")
        assert ran.code == 0 and ran.json["kept"] == kept, ran.err
        colours.append(colour_of(out / "astronaut" / "engine.png"))
    assert colours == [[40] * 3, [90] * 3, [90] * 3]
