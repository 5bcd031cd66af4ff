"""Engines at the other end of a link, and a proxy that damages some of their pictures."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from f2p_deploy.character.parameters import column_names
from f2p_deploy.engine.clients.f2p_engine import EnginePicture, EngineServer
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.engine.link.linked_engine import LinkPatience
from f2p_deploy.engine.link.messages import MAGIC, PREFIX, LinkFault, Message, encode_message, read_message

#: Short enough for tests, long enough for a busy machine.
HURRIED = LinkPatience(connect_seconds=5.0, answer_seconds=2.0, restart_seconds=20.0)


def scene_of(data: dict[str, Any]) -> Scene:
    """Return the scene of a render message."""
    expression = tuple(data.pop("expression").items())
    return Scene(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}, expression=expression)


@pytest.fixture
def serve() -> Iterator[Callable[..., EngineServer]]:
    """Serve an engine in this process; returns the server, whose `port` is free for others at the end of the test."""
    running: list[tuple[EngineServer, threading.Thread]] = []

    def start(engine: Engine, **settings: Any) -> EngineServer:
        def draw(parameters: dict[str, float], size: int, scene: dict[str, Any]) -> EnginePicture:
            drawn = engine.render(np.array(list(parameters.values()), np.float32), size, scene_of(scene))
            labels = b"" if drawn.labels is None else drawn.labels.tobytes()
            return EnginePicture(drawn.image.tobytes(), labels, drawn.landmarks or None)

        given = {"port": 0, "scenes": True, "labels": True, "landmarks": True, **settings}
        server = EngineServer(given.pop("draw", draw), given.pop("parameters", column_names(engine.schema)), **given)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.close()
        thread.join(10)


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Listen for one connection after the other, and answer whatever comes with some bytes; returns the address."""
    listeners: list[socket.socket] = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def loop() -> None:
            while True:
                try:
                    stream, _ = listener.accept()
                except OSError:
                    return
                with stream:
                    stream.recv(1 << 16)
                    stream.sendall(answer)

        threading.Thread(target=loop, daemon=True).start()
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()


def damaged(fault: str, answer: Message) -> bytes:
    """Return the bytes that are sent instead of a picture."""
    whole = encode_message(answer)
    if fault == "cut":
        return whole[: len(whole) // 2]
    if fault == "garbage":
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"
    if fault == "header":
        return PREFIX.pack(MAGIC, 4, 0) + b"{no}"
    if fault == "huge":
        return PREFIX.pack(MAGIC, 2**32 - 1, 2**32 - 1)
    if fault == "nan":
        text = json.dumps({**answer.header, "landmarks": {"left-eye": [float("nan"), 0.0]}}).encode()
        return PREFIX.pack(MAGIC, len(text), len(answer.body)) + text + answer.body
    changes: dict[str, Any] = {
        "size": {"size": 8},
        "short": {"label_bytes": 0},
        "png": {"format": "png"},
        "id": {"id": 10**6},
        "bye": {"type": "bye"},
        "error": {"type": "error", "id": None, "message": "out of\nmemory"},
    }
    return encode_message(Message({**answer.header, **changes[fault]}, answer.body))


class FaultyProxy:
    """Passes messages between f2p-deploy and an engine, one connection at a time, and damages some pictures.

    Args:
        port: of the engine.
        faults: by the number of the picture, counted from 1 over all connections: a word of `damaged`, `silent`, or
            `restart`, which calls `restart` and closes the connection.
        restart: ends the engine and starts it again at the same port.
    """

    def __init__(self, port: int, faults: dict[int, str], restart: Callable[[], None] = lambda: None) -> None:
        self.pictures, self.injected, self._faults, self._port, self._restart = 0, list[str](), faults, port, restart
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._loop, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _loop(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                try:
                    with socket.create_connection(("127.0.0.1", self._port), 5) as engine:
                        while self._pass(client, engine):
                            pass
                except (LinkFault, OSError):
                    pass

    def _pass(self, client: socket.socket, engine: socket.socket) -> bool:
        """Pass one request and its answer; False ends the connection."""
        engine.sendall(encode_message(read_message(client, 1 << 20, 60)))
        answer = read_message(engine, 1 << 26, 60)
        fault = None
        if answer.kind == "picture":
            self.pictures += 1
            fault = self._faults.get(self.pictures)
        if fault is None:
            client.sendall(encode_message(answer))
            return True
        self.injected.append(fault)
        if fault == "restart":
            self._restart()
        elif fault == "silent":
            client.settimeout(60)
            client.recv(1)  # until the other side gives up
        else:
            client.sendall(damaged(fault, answer))
        return False


@pytest.fixture
def proxy() -> Iterator[Callable[..., FaultyProxy]]:
    proxies: list[FaultyProxy] = []

    def start(*given: Any) -> FaultyProxy:
        proxies.append(FaultyProxy(*given))
        return proxies[-1]

    yield start
    for one in proxies:
        one.close()
