"""A toy engine in C++ in another process: 500 samples with every kind of fault, and nothing is lost."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.engine import clients
from f2p_deploy.engine.engine import Scene
from f2p_deploy.engine.link.address import LinkAddress, LinkConnection
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.link.messages import MAGIC, PREFIX, LinkFault, Message, encode_message, read_message
from f2p_deploy.engine.pairs import Sampling, write_pairs
from f2p_deploy.engine.pairs_check import check_pairs
from f2p_deploy.system.errors import InputError
from tests.engine.link.conftest import HURRIED

COMPILER = shutil.which("g++") or shutil.which("clang++")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++ or clang++) is installed")

HEADERS = Path(clients.__file__).parent


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled toy engine; a warning of the compiler is an error."""
    made = tmp_path_factory.mktemp("toy") / "toy_engine"
    source = Path(__file__).with_name("toy_engine.cpp")
    words = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", str(HEADERS), str(source)]
    done = subprocess.run([str(COMPILER), *words, "-o", str(made)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


class Toy:
    """The toy engine's process, which can be killed and started again at its port."""

    def __init__(self, program: Path) -> None:
        self.program, self.port, self.starts = program, 0, 0
        self.start()

    def start(self) -> None:
        words = [str(self.program), str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.starts += 1

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def restart(self) -> None:
        self.stop()
        time.sleep(0.1)
        self.start()


@pytest.fixture
def toy(program: Path) -> Iterator[Toy]:
    made = Toy(program)
    yield made
    made.stop()


#: One of each kind, among them the first picture, the last one, and three in a row.
FAULTS = {
    1: "cut", 60: "garbage", 61: "header", 62: "huge", 130: "silent", 200: "size", 230: "short", 260: "png",
    300: "restart", 340: "id", 380: "bye", 420: "nan", 460: "error", 513: "cut",
}  # fmt: skip


def test_500_samples_with_every_fault_equal_a_run_without(
    disc_engine: Any, toy: Toy, proxy: Callable, tmp_path: Path
) -> None:
    sampling = Sampling(seed=11, scenes="expressive")
    between = proxy(toy.port, FAULTS, toy.restart)
    faulty = LinkedEngine(between.address, disc_engine.schema, HURRIED)
    assert faulty.welcome.engine == 'toy "disc" engine'
    write_pairs(faulty, tmp_path / "faulty", 500, sampling, size=24)
    faulty.close()
    assert between.injected == list(FAULTS.values()) and toy.starts == 2
    plain = LinkedEngine(f"tcp://127.0.0.1:{toy.port}", disc_engine.schema, HURRIED)
    pairs = write_pairs(plain, tmp_path / "plain", 500, sampling, size=24)
    plain.close()
    files = [{p.relative_to(d): p.read_bytes() for p in d.rglob("*") if p.is_file()} for d in tmp_path.iterdir()]
    assert len(files) == 2 and len(files[0]) == 1000 + 4 and files[0] == files[1]
    assert len(pairs) == 500 and len({pairs.image(i).tobytes() for i in range(0, 500, 25)}) == 20
    assert {problem.reason for problem in check_pairs(pairs.folder).problems} <= {"duplicate"}


def test_values_and_scene_arrive(disc_engine: Any, toy: Toy) -> None:
    linked = LinkedEngine(f"tcp://127.0.0.1:{toy.port}", disc_engine.schema, HURRIED)
    face = average(disc_engine.schema).with_values({"hair": "long"}).values
    drawn = linked.render(face, 32, Scene(background=(0.2, 0.4, 1.0), shift=(0.25, 0), expression=(("mouth-open", 3),)))
    assert drawn.image[0, 0].tolist() == [51, 102, 255] and drawn.image[16, 24].tolist() == [0, 0, 255]
    assert drawn.landmarks["nose-tip"] == (24.0, 19.0)
    assert drawn.labels is not None and drawn.labels[16, 24] == 1 and drawn.labels[0, 0] == 0
    with pytest.raises(InputError, match="cannot draw this character: a head does not turn so far"):
        linked.render(face, 32, Scene(yaw=200))
    with pytest.raises(InputError, match="draws pictures of 16 to 512 pixels, asked for 1024"):
        linked.render(face, 1024)
    assert np.array_equal(linked.render(face, 512).image, linked.render(face, 512).image)
    linked.close()


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        PREFIX.pack(MAGIC, 2**31, 0),
        PREFIX.pack(MAGIC, 2, 2**31) + b"{}",
        PREFIX.pack(MAGIC, 4, 0) + b"{no}",
        encode_message(Message({"type": "bye"})),
        encode_message(Message({"type": "render", "id": 1, "size": 32}, bytes(7)))[:-3],
    ],
)
def test_what_is_no_message_ends_its_connection_and_no_other(disc_engine: Any, toy: Toy, content: bytes) -> None:
    linked = LinkedEngine(f"tcp://127.0.0.1:{toy.port}", disc_engine.schema, HURRIED)
    with pytest.raises(LinkFault, match="closed the connection|broke"):
        ask(toy.port, content)
    connection = linked._connection
    linked.render(average(disc_engine.schema).values, 16)
    assert linked._connection is connection and toy.process.poll() is None
    linked.close()


@pytest.mark.parametrize(
    ("header", "body", "sentence"),
    [
        ({"type": "hello", "protocol": 9}, b"", "this engine has version 1 of the link"),
        ({"type": "render", "id": 1, "size": 8}, bytes(24), "does not draw pictures of that size"),
        ({"type": "render", "id": 1, "size": 10**12}, bytes(24), "does not draw pictures of that size"),
        ({"type": "render", "id": 1, "size": 16}, bytes(23), "expected 6 parameters"),
    ],
)
def test_refusals(toy: Toy, header: dict, body: bytes, sentence: str) -> None:
    answer = ask(toy.port, encode_message(Message(header, body)))
    assert answer.kind == "error" and sentence in answer.header["message"]
    assert json.dumps(answer.header.get("id")) in ("1", "null")


def ask(port: int, content: bytes) -> Message:
    connection = LinkConnection(LinkAddress("127.0.0.1", port), 5, 8)
    try:
        connection._socket.sendall(content)
        with contextlib.suppress(OSError):  # it may be closed already
            connection._socket.shutdown(socket.SHUT_WR)
        return read_message(connection._socket, 1 << 20, 8)
    finally:
        connection.close()
