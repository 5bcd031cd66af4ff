"""The messages of the link: a prefix with two lengths, a JSON header and a binary body.

    4 bytes   b"F2PE"
    4 bytes   length of the header, little-endian unsigned
    4 bytes   length of the body, little-endian unsigned
    header    a JSON object in UTF-8; its "type" is hello, welcome, render, picture, error or bye
    body      float32 parameters of a render, pixels of a picture; else empty

Headers are written without spaces, and no two keys of a header are equal at any depth. An engine may therefore search
a header for `"yaw":` instead of parsing it.
"""

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from f2p_deploy.system.errors import InputError

#: Version of the protocol; both sides must have the same.
PROTOCOL = 1

PREFIX = struct.Struct("<4sII")
MAGIC = b"F2PE"

#: The largest header in bytes; the names of a schema's parameters are the longest content of one.
LARGEST_HEADER = 1 << 20

#: The largest body in bytes of any message to an engine.
LARGEST_REQUEST = 1 << 20

#: Number of bytes that one call of the system reads at most.
_CHUNK = 1 << 18


class LinkFault(InputError):
    """A connection that broke, or an answer that cannot be used; the same request may succeed if it is repeated."""


class LinkRefused(LinkFault):
    """Nobody accepts connections at the address, or not yet."""


@dataclass(frozen=True)
class Message:
    """One message of the link.

    Args:
        header: a JSON object with a "type".
        body: binary content; its meaning depends on the type.
    """

    header: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""

    @property
    def kind(self) -> str:
        """The type: hello, welcome, render, picture, error or bye."""
        return str(self.header.get("type", ""))


def encode_message(message: Message) -> bytes:
    """Return the bytes of a message.

    Raises:
        InputError: the header has a number that is not finite, or is longer than `LARGEST_HEADER`.
    """
    try:
        header = json.dumps(message.header, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        raise InputError("a message to an engine has a number that is not finite") from None
    if len(header) > LARGEST_HEADER:
        raise InputError(f"the header of a message to an engine has {len(header)} bytes, more than {LARGEST_HEADER}")
    return PREFIX.pack(MAGIC, len(header), len(message.body)) + header + message.body


def read_message(stream: socket.socket, largest_body: int, seconds: float, who: str = "the engine") -> Message:
    """Read one message.

    Args:
        stream: a connected socket.
        largest_body: in bytes; a longer one is refused before it is read.
        seconds: time for the whole message.
        who: the other side, for error messages.

    Raises:
        LinkFault: the other side is silent, closed the connection, or sent something else.
    """
    deadline = time.monotonic() + seconds
    magic, header_length, body_length = PREFIX.unpack(_read(stream, PREFIX.size, deadline, seconds, who))
    if magic != MAGIC:
        raise LinkFault(f"{who} sent something that is no message of this link (it should begin with {MAGIC!r})")
    for what, found, largest in (("header", header_length, LARGEST_HEADER), ("body", body_length, largest_body)):
        if found > largest:
            raise LinkFault(f"{who} announced a {what} of {found} bytes, more than {largest}")
    text = _read(stream, header_length, deadline, seconds, who)
    body = _read(stream, body_length, deadline, seconds, who)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise LinkFault(f"{who} sent a header that is not JSON") from None
    if not isinstance(header, dict) or not isinstance(header.get("type"), str):
        raise LinkFault(f"{who} sent a header without a type")
    return Message(header, body)


def _read(stream: socket.socket, count: int, deadline: float, seconds: float, who: str) -> bytes:
    """Read exactly `count` bytes; memory is taken as they arrive."""
    content = bytearray()
    while len(content) < count:
        left = deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            stream.settimeout(left)
            part = stream.recv(min(_CHUNK, count - len(content)))
        except TimeoutError:
            raise LinkFault(f"{who} did not answer within {seconds:g} s") from None
        except OSError as error:
            raise LinkFault(f"the connection to {who} broke: {error.strerror or error}") from error
        if not part:
            raise LinkFault(f"{who} closed the connection before its message was complete")
        content += part
    return bytes(content)
