"""Messages: their bytes, bounds and faults."""

import socket
import threading
import time

import pytest

from f2p_deploy.engine.link.messages import (
    LARGEST_HEADER,
    MAGIC,
    PREFIX,
    LinkFault,
    Message,
    encode_message,
    read_message,
)
from f2p_deploy.system.errors import InputError


def received(content: bytes, largest: int = 100, seconds: float = 5.0, close: bool = True) -> Message:
    """Read a message from these bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=theirs.sendall, args=(content,))
        sender.start()
        sender.join()
        if close:
            theirs.shutdown(socket.SHUT_WR)
        return read_message(ours, largest, seconds)


def test_the_bytes_of_a_message() -> None:
    content = encode_message(Message({"type": "render", "id": 7}, b"\x01\x02"))
    assert content == b'F2PE\x18\x00\x00\x00\x02\x00\x00\x00{"type":"render","id":7}\x01\x02'
    assert received(content) == Message({"type": "render", "id": 7}, b"\x01\x02")
    assert received(content).kind == "render" and Message().kind == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "closed the connection before its message was complete"),
        (b"F2PE\x18", "closed the connection before"),
        (encode_message(Message({"type": "bye"}, b"abcd"))[:-1], "closed the connection before"),
        (b"GET / HTTP/1.1\r\n\r\n", "is no message of this link"),
        (PREFIX.pack(MAGIC, LARGEST_HEADER + 1, 0), "a header of 1048577 bytes, more than 1048576"),
        (PREFIX.pack(MAGIC, 2, 2**32 - 1), "a body of 4294967295 bytes, more than 100"),
        (PREFIX.pack(MAGIC, 4, 0) + b"{no}", "a header that is not JSON"),
        (PREFIX.pack(MAGIC, 4, 0) + b"\xff\xfe\xff\xfe", "a header that is not JSON"),
        (PREFIX.pack(MAGIC, 50000, 0) + b"[" * 50000, "a header that is not JSON"),
        (PREFIX.pack(MAGIC, 2, 0) + b"[]", "a header without a type"),
        (PREFIX.pack(MAGIC, 10, 0) + b'{"type":7}', "a header without a type"),
    ],
)
def test_faults_are_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(LinkFault, match=sentence):
        received(content)


def test_silence_ends_after_the_time_even_if_some_bytes_arrive() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        content = encode_message(Message({"type": "bye", "reason": "x" * 100}))  # over ten seconds

        def trickle() -> None:
            for i in range(len(content)):
                try:
                    theirs.sendall(content[i : i + 1])
                except OSError:
                    return
                time.sleep(0.1)

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        with pytest.raises(LinkFault, match="did not answer within 0.5 s"):
            read_message(ours, 200, 0.5)
        assert thread.is_alive(), "bytes still arrive"
    thread.join(5)


def test_what_cannot_be_sent() -> None:
    with pytest.raises(InputError, match="not finite"):
        encode_message(Message({"type": "render", "yaw": float("nan")}))
    with pytest.raises(InputError, match="more than 1048576"):
        encode_message(Message({"type": "x" * LARGEST_HEADER}))
