"""Runs the service with uvicorn until a signal; what was accepted is finished first."""

import asyncio
import logging
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from f2p_deploy.service.editor_door import EditorDoor
from f2p_deploy.service.timed_heads import TimedHeads

logger = logging.getLogger(__name__)

#: Seconds after which an idle connection is closed. Longer than most load balancers keep theirs, so that none of them
#: sends a request into a connection that is being closed.
KEEP_ALIVE = 75

#: Most connections; more are answered with 503 by the server itself.
MOST_CONNECTIONS = 1024


class _Server(uvicorn.Server):
    """A server that says that it is about to end before it ends, and ends if the networks cannot be loaded."""

    def __init__(self, config: uvicorn.Config, app: FastAPI | EditorDoor, drain: float) -> None:
        super().__init__(config)
        self._app = app
        self._drain = drain
        self.failure: BaseException | None = None
        app.state.failed = self._started

    def _started(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failure = error
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let readiness fail, and end after the time to drain; a second signal ends at once."""
        if self._app.state.api.admission.ending or not self._drain:
            self._app.state.api.admission.ending = True
            super().handle_exit(sig, frame)
            return
        self._app.state.api.admission.ending = True
        self._captured_signals.append(sig)
        asyncio.get_running_loop().call_soon_threadsafe(self._end_later)

    def _end_later(self) -> None:
        def end() -> None:
            self.should_exit = True

        asyncio.get_running_loop().call_later(self._drain, end)


def run_server(app: FastAPI | EditorDoor, listener: socket.socket, drain: float = 0.0, grace: float = 60.0) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then finish those that were accepted and raise the signal again.

    Args:
        app: see `create_app`.
        listener: see `listen`.
        drain: seconds for which requests are still answered after the signal while `/readyz` already fails, so that a
            load balancer can turn away first.
        grace: seconds after which unfinished requests are given up.

    Raises:
        F2PError: the networks cannot be loaded, or compute something else than at the export.
    """
    config = uvicorn.Config(
        app,
        http=TimedHeads,
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(grace),
    )
    server = _Server(config, app, drain)
    server.run(sockets=[listener])
    if server.failure is not None:
        raise server.failure
