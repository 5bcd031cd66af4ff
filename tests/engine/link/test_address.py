"""Addresses of engines, and connections to them."""

import socket
import threading
import time

import pytest

from f2p_deploy.engine.link.address import LinkAddress, LinkConnection, connect_within
from f2p_deploy.engine.link.messages import LinkFault, LinkRefused, Message
from f2p_deploy.system.errors import InputError


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("tcp://127.0.0.1:80", "127.0.0.1", 80),
        ("tcp://studio:7000/", "studio", 7000),
        ("tcp://", "127.0.0.1", 7788),
        ("tcp://:9", "127.0.0.1", 9),
        ("tcp://[::1]:9", "::1", 9),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    address = LinkAddress.parse(text)
    assert (address.host, address.port) == (host, port)
    assert LinkAddress.parse(str(address)) == address


@pytest.mark.parametrize("text", ["tcp//x", "tcp://a:0", "tcp://a:65536", "tcp://a:b", "tcp://u@a:1", "http://a:1", ""])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="an engine's address is tcp://HOST:PORT"):
        LinkAddress.parse(text)


def test_this_machine_is_local() -> None:
    assert all(LinkAddress(host, 1).local for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))
    assert not any(LinkAddress(host, 1).local for host in ("10.0.0.1", "studio", "0.0.0.0"))


def test_nobody_there() -> None:
    address = LinkAddress("127.0.0.1", free_port())
    with pytest.raises(LinkRefused, match=f"no engine listens at {address}: start it first"):
        LinkConnection(address, 1, 1)
    with pytest.raises(LinkRefused, match="the host is unknown or cannot be reached"):
        LinkConnection(LinkAddress("no-such-host.invalid", 1), 1, 1)


def test_an_engine_that_is_starting_is_waited_for() -> None:
    address = LinkAddress("127.0.0.1", free_port())
    listeners = []
    starter = threading.Timer(0.4, lambda: listeners.append(socket.create_server((address.host, address.port))))
    starter.start()
    connect_within(address, 1, 1, wait=20).close()
    starter.join()
    listeners[0].close()
    started = time.monotonic()
    with pytest.raises(LinkRefused):
        connect_within(address, 1, 1, wait=0.3)
    assert time.monotonic() - started < 20, "it does not wait for ever"


def test_a_connection_that_was_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = LinkConnection(LinkAddress("127.0.0.1", listener.getsockname()[1]), 1, 1)
        stream, _ = listener.accept()
        stream.close()
        with pytest.raises(LinkFault, match=r"the engine at tcp://127.0.0.1:\d+ closed the connection"):
            connection.receive(10)
        with pytest.raises(LinkFault, match="the connection to the engine .* broke: "):
            for _ in range(20):
                connection.send(Message({"type": "bye"}, bytes(10**6)))
        connection.close()
        with pytest.raises(LinkFault, match="broke"):
            connection.send(Message({"type": "bye"}))
