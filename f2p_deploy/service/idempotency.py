"""Answers that are kept for a while, so that a request that is sent again is not computed again."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from f2p_deploy.service.refusals import Refusal


@dataclass
class _Kept:
    """The answer to a request, there or still to come."""

    request: bytes
    answer: "asyncio.Future[bytes]"
    since: float


class KeptAnswers:
    """The answers of the last minutes by idempotency key; all methods belong to the event loop's thread.

    Only whole answers are kept: a refused request may be sent again with its key. Of the request itself only a hash
    is kept.

    Args:
        seconds: for how long an answer is kept.
        most_bytes: of all answers together; the oldest go first.
    """

    def __init__(self, seconds: float = 600.0, most_bytes: int = 64 * 2**20) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    async def answer(self, key: str, request: bytes, compute: Callable[[], Awaitable[bytes]]) -> tuple[bytes, bool]:
        """Return the answer of an earlier request with this key, or compute it; a second caller waits for the first.

        Args:
            key: the caller's key, together with what tells callers apart.
            request: everything that the answer depends on.
            compute: computes the answer.

        Returns:
            The answer, and whether it was kept from an earlier request.

        Raises:
            Refusal: `key-reused`, for another request under the same key.
        """
        self._forget_old()
        name, content = (hashlib.sha256(value).digest() for value in (key.encode(), request))
        known = self._kept.get(name)
        if known is not None:
            if known.request != content:
                raise Refusal("key-reused", "this Idempotency-Key belongs to another request: use a new one")
            return await asyncio.shield(known.answer), True
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._kept[name] = _Kept(content, future, time.monotonic())
        try:
            found = await compute()
        except BaseException as error:
            del self._kept[name]
            # A second caller gets the same refusal; one that was cancelled gets one that it can repeat.
            reason = error if isinstance(error, Exception) else Refusal("busy", "try again", retry_after=1.0)
            future.set_exception(reason)
            future.exception()  # it is not an error if nobody waits for it
            raise
        future.set_result(found)
        self._bytes += len(found)
        self._forget_old()
        return found, False

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if not oldest.answer.done() or (self._bytes <= self._most_bytes and now - oldest.since < self._seconds):
                return
            del self._kept[name]
            self._bytes -= len(oldest.answer.result())
