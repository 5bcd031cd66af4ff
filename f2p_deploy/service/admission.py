"""How many requests are accepted at a time, and when to try again."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from f2p_deploy.service.refusals import Refusal

#: Weight of the latest request in the mean time of requests.
_LATEST = 0.1


class Admission:
    """Counts the requests that are accepted and not yet answered; all methods belong to the event loop's thread.

    `ready` is set once the networks are loaded, `ending` when the service is about to end: what still comes in is
    answered, but `/readyz` fails.

    Args:
        most: largest number of them.
        gauge: shows their number.
    """

    def __init__(self, most: int, gauge: Gauge) -> None:
        self._most = most
        self._gauge = gauge
        self._seconds = 1.0
        self.count = 0
        self.ready = False
        self.ending = False

    def require_open(self) -> None:
        """Raise unless another request may come in.

        Raises:
            Refusal: `not-ready` or `busy`.
        """
        self.require_loaded()
        if self.count >= self._most:
            raise Refusal("busy", f"{self.count} requests wait already: try again later", self.retry_after)

    def require_loaded(self) -> None:
        """Raise `not-ready` unless the networks are loaded."""
        if not self.ready:
            raise Refusal("not-ready", "the networks are not loaded yet: try again in a moment", retry_after=2.0)

    def require_ready(self) -> None:
        """Raise `not-ready` or `ending` unless a load balancer should send requests here."""
        self.require_loaded()
        if self.ending:
            raise Refusal("ending", "the service is about to end: ask another one", retry_after=1.0)

    @contextmanager
    def accepted(self) -> Iterator[None]:
        """Count a request while a block answers it.

        Raises:
            Refusal: see `require_open`.
        """
        self.require_open()
        self.count += 1
        self._gauge.set(self.count)
        try:
            yield
        finally:
            self.count -= 1
            self._gauge.set(self.count)

    def note(self, seconds: float) -> None:
        """Note how long an accepted request took."""
        self._seconds += _LATEST * (seconds - self._seconds)

    @property
    def retry_after(self) -> float:
        """Seconds after which a place is probably free: what a request takes when all places are taken."""
        return max(1.0, self._seconds)
