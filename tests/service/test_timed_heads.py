"""Senders that hold back a request's head: closed after a while, and nobody else with them."""

import asyncio

import pytest
import uvicorn

from f2p_deploy.service import timed_heads
from f2p_deploy.service.timed_heads import TimedHeads

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope, receive, send) -> None:
    await asyncio.sleep(0.7 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def told(*parts: bytes) -> tuple[bytes, bool]:
    """Send parts with pauses of 0.1 s; return what came within 1.3 s, and whether the connection was closed."""
    config = uvicorn.Config(app, http=TimedHeads, log_config=None, lifespan="off")
    config.load()
    state = uvicorn.Server(config).server_state
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: TimedHeads(config, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.1)
        came = b""
        try:
            async with asyncio.timeout(1.3):
                while part := await reader.read(1000):
                    came += part
            return came, True
        except TimeoutError:
            return came, False
        finally:
            writer.close()


@pytest.mark.parametrize(
    ("parts", "answers", "closed"),
    [
        ((), 0, True),
        ((b"GET / HT", b"TP/1.1\r\n", b"A: b\r\n"), 0, True),
        ((WHOLE,), 1, False),  # an idle connection is uvicorn's
        ((WHOLE[:9], WHOLE[9:]), 1, False),
        ((WHOLE, WHOLE[:9]), 1, True),
        ((WHOLE.replace(b"/ ", b"/slow "),), 1, False),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"a", b"b"), 1, True),
    ],
)
def test_a_head_arrives_in_time_or_its_connection_is_closed(monkeypatch, parts, answers: int, closed: bool) -> None:
    monkeypatch.setattr(timed_heads, "HEAD_SECONDS", 0.5)
    came, ended = asyncio.run(told(*parts))
    assert (came.count(b"200 OK"), ended) == (answers, closed)
