"""Dynamic batching: requests that arrive together are computed together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Item, Answer]):
    """An item that waits for its batch."""

    item: Item
    answer: "asyncio.Future[Answer]"
    since: float = field(default_factory=time.monotonic)


class Batcher(Generic[Item, Answer]):
    """Collects items of equal keys into batches, and runs several batches at a time in threads.

    An item is started at once if a lane is free and its batch is full, else after `seconds`. While all lanes compute,
    items gather, so that under load batches fill by themselves. The batch that has waited longest is next. All methods
    belong to the event loop's thread.

    Args:
        run: computes a batch of at most `most` items in a thread; it returns one answer per item, in their order. Its
            error becomes that of every item.
        most: largest batch.
        lanes: how many batches are computed at a time.
        seconds: how long the first item waits for others while a lane is free.
        threads: runs the batches.
        started: called with each batch's key, its size and the seconds that its first item waited.
    """

    def __init__(
        self,
        run: Callable[[Hashable, Sequence[Item]], Sequence[Answer]],
        most: int,
        lanes: int,
        seconds: float,
        threads: Executor,
        started: Callable[[Hashable, int, float], None] = lambda key, size, waited: None,
    ) -> None:
        self._run = run
        self._most = most
        self._free = lanes
        self._seconds = seconds if most > 1 else 0.0
        self._threads = threads
        self._started = started
        self._queues: dict[Hashable, deque[_Waiting[Item, Answer]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Number of items that are not started yet."""
        return sum(len(queue) for queue in self._queues.values())

    async def submit(self, key: Hashable, item: Item) -> Answer:
        """Return the answer of an item; if the caller gives up before its batch starts, it is left out.

        Args:
            key: items with different keys are never in one batch.
            item: what `run` takes.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(key, deque()).append(_Waiting(item, answer))
        self._start_batches()
        return await answer

    def _start_batches(self) -> None:
        """Start every batch that is due, and ask to be called again when the next one is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._free:
            for key in list(self._queues):
                queue = self._queues[key]
                while queue and queue[0].answer.done():  # its caller has given up
                    queue.popleft()
                if not queue:
                    del self._queues[key]
            if not self._queues:
                return
            key = min(self._queues, key=lambda key: self._queues[key][0].since)
            queue = self._queues[key]
            left = queue[0].since + self._seconds - now
            full = next((key for key, queue in self._queues.items() if len(queue) >= self._most), None)
            if left > 0 and full is None:
                self._timer = asyncio.get_running_loop().call_later(left, self._start_batches)
                return
            self._start(key if left <= 0 or full is None else full)

    def _start(self, key: Hashable) -> None:
        queue = self._queues[key]
        batch: list[_Waiting[Item, Answer]] = []
        while queue and len(batch) < self._most:
            waiting = queue.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
        if not queue:
            del self._queues[key]
        if not batch:
            return
        self._free -= 1
        self._started(key, len(batch), time.monotonic() - batch[0].since)
        task = asyncio.get_running_loop().create_task(self._compute(key, batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _compute(self, key: Hashable, batch: list[_Waiting[Item, Answer]]) -> None:
        items = [waiting.item for waiting in batch]
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._threads, self._run, key, items)
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
        finally:
            self._free += 1
            self._start_batches()
