"""Sockets of servers: ports that are taken, and answers that do not wait for acknowledgements."""

import asyncio
import socket

import pytest

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.listener import listen


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}: .*--port 0 takes a free port"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match="cannot listen on no.such.host.invalid"):
        listen("no.such.host.invalid", 0)


def test_connections_send_small_packets_at_once() -> None:
    """asyncio sets TCP_NODELAY on connections whose protocol is named, and on no others."""
    found: list[int] = []

    async def answer() -> None:
        done = asyncio.Event()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            found.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()
            done.set()

        with listen("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(connected, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                await done.wait()
                writer.close()

    asyncio.run(answer())
    assert found == [1]
