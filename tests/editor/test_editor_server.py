"""The server: where it listens, and when it ends."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from f2p_deploy.editor import editor_server, presence
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.editor_server import serve_editor
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import EXTRAS

pytest.importorskip("starlette")


def test_it_listens_on_this_machines_own_address_only(serve: Callable[..., Any]) -> None:
    client = serve()
    port = client.address.port
    assert client.address.hostname == "127.0.0.1"
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=5):
        pass
    assert client.get("/", Host=f"localhost:{port}").status == 200
    assert client.get("/", Host=f"example.org:{port}").status == 403


def test_a_port_that_is_taken_is_one_sentence(open_session: Callable[..., EditSession]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}: .*; --port 0 takes a free port")
        with refused, serve_editor(open_session(), port):
            pass


def test_it_ends_when_the_last_page_is_closed(
    open_session: Callable[..., EditSession], enter: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence.PagePresence.__init__, "__defaults__", (0.2, lambda: False))
    with serve_editor(open_session()) as server:
        client = enter(server.address)
        pages = []
        for _ in range(2):
            connection = client.connect()
            answer = client.send(connection, "GET", "/api/alive")
            assert answer.readline() == b"data: alive\n"
            pages.append((connection, answer))
        for connection, answer in pages:
            assert not server.closed.is_set()
            answer.close()
            connection.close()
            time.sleep(0.4)
        assert server.closed.wait(10)
        server.wait()


def test_without_the_extra_the_line_that_installs_it(
    open_session: Callable[..., EditSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXTRAS, "edit", ("no_such_module",))
    refused = pytest.raises(MissingDependency, match="the editor needs no_such_module, .*install .*edit")
    with refused, serve_editor(open_session()):
        pass


def test_the_end_does_not_wait_for_open_connections(
    open_session: Callable[..., EditSession], enter: Callable[[str], Any]
) -> None:
    with serve_editor(open_session()) as server:
        client = enter(server.address)
        assert client.send(client.connect(), "GET", "/api/alive").readline() == b"data: alive\n"
        started = time.monotonic()
    assert time.monotonic() - started < editor_server._GRACE
