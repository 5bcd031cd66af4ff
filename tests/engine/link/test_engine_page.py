"""docs/engine.md: its bytes are those of the link, its tables are complete, its code runs."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine import clients
from f2p_deploy.engine.engine import Scene
from f2p_deploy.engine.link.linked_engine import LinkedEngine, LinkPatience
from f2p_deploy.engine.link.messages import Message, encode_message
from tests.engine.link.test_address import free_port

PAGE = Path(__file__).resolve().parents[3] / "docs" / "engine.md"
CLIENTS = Path(clients.__file__).parent
SCHEMA = Schema("game", (Controller("nose.width", "nose"),), (DiscreteGroup("hair", ("short", "long")),))


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def hexadecimal(content: bytes) -> str:
    return content.hex(" ")


def test_the_bytes_are_those_of_the_link(text: str) -> None:
    scene = {**asdict(Scene()), "expression": {}}
    body = np.array([0.5, 0, 1], "<f4").tobytes()
    render = encode_message(Message({"type": "render", "id": 1, "size": 16, "scene": scene}, body))
    picture = encode_message(Message({"type": "picture", "id": 1, "size": 16, "format": "rgb8"}, bytes(768)))
    assert f"{len(render)} bytes:" in text and f"answer, {len(picture)} bytes" in text
    for content, tail in ((render, 12), (picture, 768)):
        assert f"    {hexadecimal(content[:12])}\n    {content[12:-tail].decode()}\n" in text
    assert f"    {hexadecimal(body)}\n" in text


def test_the_tables_name_everything(text: str) -> None:
    assert all(f"`{field.name}`" in text for field in fields(Scene))
    server = (CLIENTS / "f2p_engine.py").read_text()
    for key in re.findall(r'"(\w+)":', server.split("self._welcome = {")[1].split("}")[0]):
        assert f"`{key}`" in text or key == "type"
    patience = LinkPatience()
    assert f"{patience.answer_seconds:g} seconds of silence" in text and f"up to {patience.attempts} times" in text
    assert f"waits {patience.restart_seconds:g} seconds" in text


def test_its_commands_are_commands(text: str) -> None:
    import typer

    from f2p_deploy.cli.app import app

    root = typer.main.get_command(app)
    lines = re.findall(r"^    f2p-deploy (.*?)(?: {2,}#.*)?$", text, re.MULTILINE)
    assert len(lines) == 12
    for line in lines:
        command, words = root, line.split()
        while words[0] in getattr(command, "commands", ()):  # `train` takes a stage or has a command of its own
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


@contextmanager
def running(line: list[str], folder: Path) -> Iterator[None]:
    with subprocess.Popen(line, cwd=folder) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("language", ["cpp", "python"])
def test_its_code_draws(text: str, language: str, tmp_path: Path) -> None:
    port = free_port()
    (block,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    block = block.replace("7788", str(port))
    assert len(block.splitlines()) <= 30
    for path in CLIENTS.glob("f2p_engine.*"):
        shutil.copy(path, tmp_path)
    if language == "cpp":
        compiler = shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            pytest.skip("no C++ compiler (g++ or clang++) is installed")
        (tmp_path / "game.cpp").write_text(block)
        words = [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "game.cpp", "-o", "game"]
        subprocess.run(words, cwd=tmp_path, check=True)
        line = [str(tmp_path / "game")]
    else:
        (tmp_path / "game.py").write_text(block)
        line = [sys.executable, "game.py"]
    with running(line, tmp_path):
        linked = starting(port)
        assert linked.welcome.engine == "my game 1.0"
        faces = [average(SCHEMA).with_values({"hair": hair}).values for hair in ("short", "long")]
        short, long = (linked.render(face, 64).image for face in faces)
        assert short.shape == (64, 64, 3) and (short != long).any()
        linked.close()


def starting(port: int) -> LinkedEngine:
    """Connect to an engine that has just been started."""
    from f2p_deploy.engine.link.address import LinkAddress, connect_within

    connect_within(LinkAddress("127.0.0.1", port), 5, 5, wait=30).close()
    return LinkedEngine(f"tcp://127.0.0.1:{port}", SCHEMA)
