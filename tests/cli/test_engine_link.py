"""`engine client` and `engine try`: the way from a copied file to an engine that draws."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from f2p_deploy.cli.engine_link import CLIENT_FILES

TOY = """
name = "toy"
[[controllers]]
name = "nose.width"
group = "nose"
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    path.write_text(TOY)
    return path


@pytest.fixture
def draws() -> Iterator[Callable[[Callable[..., bytes]], str]]:
    """Serve a function that draws; returns the address."""
    from f2p_deploy.engine.clients.f2p_engine import EngineServer

    running = []

    def start(draw: Callable[..., bytes]) -> str:
        server = EngineServer(draw, ["nose.width"], port=0)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"tcp://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.close()
        thread.join(10)


def grey(parameters: dict, size: int, scene: dict) -> bytes:
    return bytes([round(255 * parameters["nose.width"])]) * (3 * size * size)


def test_an_engine_that_draws(f2p: Callable, toy: Path, draws: Callable, tmp_path: Path) -> None:
    where, out = draws(grey), tmp_path / "face.png"
    ran = f2p("engine", "try", where, "--schema", toy, "--size", 32, "-o", out)
    assert ran.code == 0 and ran.out.startswith(f"{where}: pictures of 32 pixels in "), ran.err
    assert ran.out.endswith("ms, with no labels or landmarks\n")
    with Image.open(out) as picture:
        assert picture.size == (32, 32) and picture.getpixel((0, 0)) == (128, 128, 128)
    found = f2p("engine", "try", where, "--schema", toy, "--json").json
    assert found["repeatable"] and found["varies"] and found["size"] == 256
    ran = f2p("engine", "render", "--engine-at", where, "--schema", toy, "--count", 3, "-o", tmp_path / "pairs")
    assert ran.code == 0, ran.err
    assert f2p("engine", "check", tmp_path / "pairs").code == 0


def test_engines_that_are_no_use_for_training(f2p: Callable, toy: Path, draws: Callable) -> None:
    numbers = iter(range(100))
    ran = f2p("engine", "try", draws(lambda p, size, s: bytes([next(numbers)]) * (3 * size * size)), "--schema", toy)
    assert ran.code == 1 and "drew the same parameters twice, and the pictures differ" in ran.err
    ran = f2p("engine", "try", draws(lambda p, size, s: bytes(3 * size * size)), "--schema", toy)
    assert ran.code == 1 and "drew two characters, and the pictures are equal" in ran.err
    ran = f2p("engine", "try", draws(grey))
    assert ran.code == 2 and "has 1 parameters, schema 'makehuman' has" in ran.err


@pytest.mark.parametrize("language", CLIENT_FILES)
def test_the_file_to_copy(f2p: Callable, tmp_path: Path, language: str) -> None:
    path = tmp_path / "engine" / CLIENT_FILES[language]
    for _ in range(2):
        ran = f2p("engine", "client", language, "-o", path.parent)
        assert (ran.code, ran.out) == (0, f"{path}\n"), ran.err
    assert "f2p" in path.read_text().lower() and path.stat().st_size > 5000
    path.write_text("changed by hand")
    ran = f2p("engine", "client", language, "-o", path.parent)
    assert ran.code == 2 and "already exists and differs" in ran.err and path.read_text() == "changed by hand"


def test_another_language(f2p: Callable) -> None:
    ran = f2p("engine", "client", "pyton")
    assert ran.code == 2 and "no file for 'pyton'. Did you mean 'python'?" in ran.err
