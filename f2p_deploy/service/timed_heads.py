"""Connections that are closed if a request's head does not arrive: uvicorn would wait for it without end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds from the start of a connection, or from the first byte of a later request, to the end of a request's head.
HEAD_SECONDS = 20.0


class TimedHeads(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; a sender that holds back a request's head does not hold a connection.

    What is left of a body after its answer has as long; an idle connection that may be used again, uvicorn's
    `timeout_keep_alive`.
    """

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start to wait for the first head."""
        super().connection_made(transport)
        self._wait_or_not()

    def data_received(self, data: bytes) -> None:
        """Handle bytes, and go on waiting if they end no head."""
        super().data_received(data)
        self._wait_or_not()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_or_not(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._due is None and not self.transport.is_closing():
            self._due = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_up(self) -> None:
        self._due = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
