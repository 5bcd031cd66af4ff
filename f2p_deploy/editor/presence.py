"""Whether a page is open: each holds one stream of server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable

#: Seconds after the last page has gone until it counts as closed: a reload takes less.
PATIENCE = 5.0

#: Seconds between two events; a connection that is broken is found by them.
_BEAT = 10.0

#: Seconds within which a stream notices that the server is about to end.
_GLANCE = 0.5


class PagePresence:
    """Counts open pages, and tells when the last one has been closed.

    Args:
        on_empty: called when no page has been open for `patience` seconds, after there was one.
        patience: in seconds.
        ended: whether the server is about to end, and with it every stream.
    """

    def __init__(
        self,
        on_empty: Callable[[], None],
        patience: float = PATIENCE,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._on_empty = on_empty
        self._patience = patience
        self._ended = ended
        self._timer: asyncio.TimerHandle | None = None
        self.pages = 0

    async def events(self) -> AsyncIterator[bytes]:
        """Yield server-sent events as long as a page listens."""
        self.pages += 1
        if self._timer is not None:
            self._timer.cancel()
        try:
            while not self._ended():
                yield b"data: alive\n\n"
                for _ in range(int(_BEAT / _GLANCE)):
                    if self._ended():
                        break
                    await asyncio.sleep(_GLANCE)
        finally:
            self.pages -= 1
            if self.pages == 0:
                self._timer = asyncio.get_running_loop().call_later(self._patience, self._on_empty)
