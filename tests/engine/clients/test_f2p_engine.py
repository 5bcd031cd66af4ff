"""The Python file to copy into an engine: it needs nothing of this package, and survives what others send it."""

import ast
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.clients import f2p_engine
from f2p_deploy.engine.clients.f2p_engine import EnginePicture, EngineServer
from f2p_deploy.engine.link import messages
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.link.messages import Message, encode_message, read_message

FILE = Path(f2p_engine.__file__)
SCHEMA = Schema("toy", (Controller("nose.width", "nose", low=-3, high=5),), (DiscreteGroup("hair", ("no", "yes")),))
NAMES = ("nose.width", "hair=no", "hair=yes")


@pytest.fixture
def server() -> Iterator[EngineServer]:
    def draw(parameters: dict[str, float], size: int, scene: dict) -> bytes:
        units = made.engine_units(parameters)
        return bytes([round(units["nose.width"]), round(parameters["hair=yes"]), round(scene["zoom"])] * size * size)

    made = EngineServer(draw, NAMES, port=0)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made
    made.close()
    thread.join(10)


def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {str(name).partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert (f2p_engine.PROTOCOL, f2p_engine.MAGIC) == (messages.PROTOCOL, messages.MAGIC)
    assert f2p_engine.PREFIX.format == messages.PREFIX.format


def test_it_runs_as_a_copy_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "f2p_engine.py").write_bytes(FILE.read_bytes())
    (tmp_path / "game.py").write_text(
        "from f2p_engine import EngineServer\n"
        f"server = EngineServer(lambda parameters, size, scene: bytes(3 * size * size), {NAMES!r}, port=0)\n"
        "print(server.port, flush=True)\nserver.serve()\n"
    )
    with subprocess.Popen([sys.executable, "game.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as game:
        assert game.stdout is not None
        linked = LinkedEngine(f"tcp://127.0.0.1:{int(game.stdout.readline())}", SCHEMA)
        assert linked.render(average(SCHEMA).values, 16).image.shape == (16, 16, 3)
        linked.close()
        game.kill()


def test_values_arrive_by_name_and_in_engine_units(server: EngineServer) -> None:
    linked = LinkedEngine(f"tcp://127.0.0.1:{server.port}", SCHEMA)
    image = linked.render(average(SCHEMA).with_values({"nose.width": 0.75, "hair": "yes"}).values, 16).image
    assert np.array_equal(np.unique(image.reshape(-1, 3), axis=0), [[3, 1, 1]])
    linked.close()


def ask(port: int, content: bytes) -> Message:
    with socket.create_connection(("127.0.0.1", port), 5) as stream:
        stream.sendall(content)
        return read_message(stream, 1 << 20, 8)


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        messages.PREFIX.pack(messages.MAGIC, 2**31, 0),
        messages.PREFIX.pack(messages.MAGIC, 2, 2**31) + b"{}",
        messages.PREFIX.pack(messages.MAGIC, 2, 0) + b"[]",
        messages.PREFIX.pack(messages.MAGIC, 4, 0) + b"{no}",
        messages.PREFIX.pack(messages.MAGIC, 50000, 0) + b"[" * 50000,
        encode_message(Message({"type": "bye"})),
    ],
)
def test_what_is_no_message_ends_its_connection_and_no_other(server: EngineServer, content: bytes) -> None:
    linked = LinkedEngine(f"tcp://127.0.0.1:{server.port}", SCHEMA)
    with pytest.raises(messages.LinkFault, match="closed the connection|broke"):
        ask(server.port, content)
    connection = linked._connection
    linked.render(average(SCHEMA).values, 16)
    assert linked._connection is connection
    linked.close()


@pytest.mark.parametrize(
    ("header", "body", "sentence"),
    [
        ({"type": "hello", "protocol": 9}, b"", "this engine has version 1 of the link"),
        ({"type": "hallo"}, b"", "unknown type of message"),
        ({"type": "render", "id": 1, "size": 8}, bytes(12), "a picture is 16 to 4096 pixels"),
        ({"type": "render", "id": 1, "size": "16"}, bytes(12), "a picture is 16 to 4096 pixels"),
        ({"type": "render", "id": 1, "size": 16}, bytes(8), "expected 3 parameters"),
    ],
)
def test_refusals(server: EngineServer, header: dict, body: bytes, sentence: str) -> None:
    answer = ask(server.port, encode_message(Message(header, body)))
    assert answer.kind == "error" and answer.header["message"] == sentence


def test_a_frame_loop_polls_and_draws_in_its_own_thread() -> None:
    threads = []

    def draw(parameters: dict[str, float], size: int, scene: dict) -> EnginePicture:
        threads.append(threading.get_ident())
        return EnginePicture(bytes(3 * size * size), bytes(size * size))

    made = EngineServer(draw, NAMES, port=0, labels=True)
    assert made.poll() == 0
    sizes = []

    def ask_it() -> None:
        linked = LinkedEngine(f"tcp://127.0.0.1:{made.port}", SCHEMA)
        sizes.append(linked.render(average(SCHEMA).values, 16).image.shape)
        linked.close()

    asker = threading.Thread(target=ask_it)
    asker.start()
    while asker.is_alive():
        made.poll(0.05)
    assert sizes == [(16, 16, 3)] and threads == [threading.get_ident()]
    made.close()
    made.serve()


def test_headers_can_be_searched(server: EngineServer) -> None:
    """No key occurs twice at any depth, so `"yaw":` is found once."""
    from dataclasses import asdict

    from f2p_deploy.engine.engine import EXPRESSION_UNITS, Scene

    scene = {**asdict(Scene()), "expression": dict.fromkeys(EXPRESSION_UNITS, 1.0)}
    text = encode_message(Message({"type": "render", "id": 1, "size": 16, "scene": scene})).decode("latin-1")
    keys = [*json.loads(text[12:]), *scene, *EXPRESSION_UNITS]
    assert all(text.count(f'"{key}":') == 1 for key in keys)
