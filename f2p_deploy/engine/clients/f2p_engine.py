"""Answer f2p-deploy from inside an engine that has Python; copy this file, it needs Python 3.8 and nothing else.

    from f2p_engine import EngineServer

    def draw(parameters, size, scene):      # {name: value in [0, 1]}, pixels, {"yaw": 0.0, ...}
        return my_engine.draw(parameters, size)       # size * size * 3 bytes: RGB rows from the top

    EngineServer(draw, ["nose.width", "hair=short", "hair=long"]).serve()

An engine with a frame loop of its own calls `poll()` in each frame instead of `serve()`: pictures are then drawn in
the thread that calls it. Values come in the order of the names: controllers, then one value for each option of a
group, of which the largest is the chosen one. `engine_units` converts controllers to the ranges of the schema.
"""

# ruff: noqa: B905 (`zip` is strict from Python 3.10 on)
from __future__ import annotations

import json
import selectors
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

PROTOCOL = 1
MAGIC, PREFIX = b"F2PE", struct.Struct("<4sII")
LARGEST = 1 << 20  # of a header and of a request, in bytes
SECONDS = 5.0  # time for one message to be read or sent


class EnginePicture:
    """A picture with more than pixels: a label map and landmarks, if the engine has them.

    Args:
        rgb: size * size * 3 bytes, rows from the top.
        labels: size * size bytes, indices of Helen's classes; empty for none.
        landmarks: pixel positions by name: left-eye, right-eye, nose-tip, mouth-left, mouth-right.
    """

    def __init__(
        self, rgb: bytes, labels: bytes = b"", landmarks: dict[str, tuple[float, float]] | None = None
    ) -> None:
        self.rgb, self.labels, self.landmarks = bytes(rgb), bytes(labels), landmarks


class EngineServer:
    """Listens for f2p-deploy and answers each render with a picture.

    Args:
        draw: called with the parameters by name, the edge in pixels and the scene; returns RGB bytes or an
            `EnginePicture`. An exception becomes an error message, and the link stays.
        parameters: names in the schema's order: controllers, then `group=option`.
        host, port: where to listen; this machine only, unless another host is given. Port 0 takes a free one.
        engine: name and version, for messages.
        smallest, largest: edge of the pictures that can be drawn, in pixels.
        scenes: True if `draw` follows the scene's pose, light and crop.
        labels, landmarks: True if every picture has them.
        fingerprint: of the schema, from its bundle or folder of pairs; empty if unknown.
    """

    def __init__(
        self,
        draw: Callable[[dict[str, float], int, dict[str, Any]], Any],
        parameters: Sequence[str],
        host: str = "127.0.0.1",
        port: int = 7788,
        engine: str = "engine",
        smallest: int = 16,
        largest: int = 4096,
        scenes: bool = False,
        labels: bool = False,
        landmarks: bool = False,
        fingerprint: str = "",
    ) -> None:
        self._draw, self._names = draw, list(parameters)
        self._welcome = {
            "type": "welcome", "protocol": PROTOCOL, "engine": engine, "parameters": self._names,
            "smallest_size": smallest, "largest_size": largest, "scenes": scenes, "labels": labels,
            "landmarks": landmarks, **({"fingerprint": fingerprint} if fingerprint else {}),
        }  # fmt: skip
        self._sizes = (smallest, largest)
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server((host, port))
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ranges: dict[str, tuple[float, float]] = {}
        self._closed = False

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._listener.getsockname()[1])

    def engine_units(self, parameters: dict[str, float]) -> dict[str, float]:
        """Return the controllers in the engine's units: low + value * (high - low)."""
        return {name: low + parameters[name] * (high - low) for name, (low, high) in self._ranges.items()}

    def serve(self) -> None:
        """Answer until `close` is called, from another thread or from `draw`."""
        while not self._closed:
            self.poll(0.2)
        self._end()

    def poll(self, seconds: float = 0.0) -> int:
        """Answer the messages that have arrived, and return their number; wait at most this long for one."""
        answered = 0
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._listener:
                stream, _ = self._listener.accept()
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(stream, selectors.EVENT_READ)
            else:
                answered += self._answer(key.fileobj)  # type: ignore[arg-type]
        return answered

    def close(self) -> None:
        """End `serve`; connections are closed by it."""
        self._closed = True

    def _end(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _answer(self, stream: socket.socket) -> int:
        """Answer one message; a connection that broke, or that sends something else, is closed."""
        try:
            header, body = _receive(stream)
            kind = header.get("type")
            if kind == "bye":
                raise ConnectionError
            if kind == "hello":
                _send(stream, self._greet(header))
            elif kind == "render":
                _send(stream, *self._render(header, body))
            else:
                _send(stream, {"type": "error", "message": "unknown type of message"})
            return 1
        except (OSError, ValueError, TypeError, RecursionError):
            self._selector.unregister(stream)
            stream.close()
            return 0

    def _greet(self, header: dict[str, Any]) -> dict[str, Any]:
        if header.get("protocol") != PROTOCOL:
            return {"type": "error", "message": f"this engine has version {PROTOCOL} of the link"}
        names, low, high = (header.get(key, ()) for key in ("parameters", "low", "high"))
        self._ranges = dict(zip(names, zip(low, high)))
        return self._welcome

    def _render(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        number, size = header.get("id"), header.get("size")
        error = {"type": "error", "id": number}
        if not isinstance(size, int) or not self._sizes[0] <= size <= self._sizes[1]:
            return {**error, "message": f"a picture is {self._sizes[0]} to {self._sizes[1]} pixels"}, b""
        if len(body) != 4 * len(self._names):
            return {**error, "message": f"expected {len(self._names)} parameters"}, b""
        values: list[float] = list(struct.unpack(f"<{len(self._names)}f", body))
        try:
            drawn = self._draw(dict(zip(self._names, values)), size, header.get("scene", {}))
            picture = drawn if isinstance(drawn, EnginePicture) else EnginePicture(drawn)
        except Exception as failure:  # whatever an engine raises is said to the other side
            return {**error, "message": f"{type(failure).__name__}: {failure}"}, b""
        if len(picture.rgb) != 3 * size * size or len(picture.labels) not in (0, size * size):
            return {**error, "message": f"the picture has {len(picture.rgb)} bytes of RGB"}, b""
        answer: dict[str, Any] = {"type": "picture", "id": number, "size": size, "format": "rgb8"}
        if picture.labels:
            answer.update(label_format="l8", label_bytes=len(picture.labels))
        if picture.landmarks is not None:
            answer["landmarks"] = picture.landmarks
        return answer, picture.rgb + picture.labels


def _receive(stream: socket.socket) -> tuple[dict[str, Any], bytes]:
    deadline = time.monotonic() + SECONDS
    magic, head, body = PREFIX.unpack(_read(stream, PREFIX.size, deadline))
    if magic != MAGIC or head > LARGEST or body > LARGEST:
        raise ValueError("not a message of f2p-deploy")
    header = json.loads(_read(stream, head, deadline))
    if not isinstance(header, dict):
        raise ValueError("not a message of f2p-deploy")
    return header, _read(stream, body, deadline)


def _read(stream: socket.socket, count: int, deadline: float) -> bytes:
    content = b""
    while len(content) < count:
        stream.settimeout(max(0.001, deadline - time.monotonic()))
        part = stream.recv(count - len(content))
        if not part:
            raise ConnectionError("the connection was closed")
        content += part
    return content


def _send(stream: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(header, separators=(",", ":")).encode()
    stream.settimeout(SECONDS)
    stream.sendall(PREFIX.pack(MAGIC, len(text), len(body)) + text + body)
