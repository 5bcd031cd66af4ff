"""The editor's server: it listens on 127.0.0.1 only, in a thread, until the last page is closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.gate import Gate
from f2p_deploy.editor.page_files import policy_of, read_page
from f2p_deploy.editor.presence import PagePresence
from f2p_deploy.system.extras import require
from f2p_deploy.system.listener import listen

HOST = "127.0.0.1"

#: Seconds that the end of the server waits for a thread that computes; it is left behind then.
_GRACE = 2.0

#: Seconds for an open page to receive an error.
_FAREWELL = 0.5


class EditorServer:
    """A running server.

    Args:
        address: the address to open, once.
        closed: set when the last page was closed.
    """

    def __init__(self, address: str, closed: Event) -> None:
        self.address = address
        self.closed = closed

    def let_pages_see(self) -> None:
        """Wait a moment, so that an open page still receives the error that ends the command."""
        self.closed.wait(_FAREWELL)

    def wait(self) -> None:
        """Return when the last page was closed; signals interrupt it."""
        while not self.closed.wait(0.5):  # without a limit, Windows would not hear Ctrl-C
            pass


@contextmanager
def serve_editor(session: EditSession, port: int = 0, stay: bool = False) -> Iterator[EditorServer]:
    """Serve the editor's page while a block runs.

    Args:
        session: what was opened.
        port: to listen on; 0 for a free one.
        stay: go on when the last page was closed.

    Raises:
        InputError: the port is taken, or not allowed.
        MissingDependency: the extra `edit` is not installed, or the page is not there.
    """
    require("edit", "the editor")
    import uvicorn

    from f2p_deploy.editor.editor_app import editor_app

    page = read_page()
    closed = Event()
    presence = PagePresence((lambda: None) if stay else closed.set)
    with listen(HOST, port) as listener:
        gate = Gate(editor_app(session, presence, page), listener.getsockname()[1], policy_of(page))
        server = uvicorn.Server(
            uvicorn.Config(
                gate,
                http="h11",
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                limit_concurrency=64,
                timeout_graceful_shutdown=0,
            )
        )
        thread = Thread(target=server.run, args=([listener],), name="f2p-edit-server", daemon=True)
        thread.start()
        try:
            yield EditorServer(gate.address, closed)
        finally:
            server.should_exit = True
            thread.join(_GRACE)
