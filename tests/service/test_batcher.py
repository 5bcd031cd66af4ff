"""Dynamic batching: sizes, order, keys, errors, callers that give up."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from f2p_deploy.service.batcher import Batcher


class Recorder:
    """Computes batches while `gate` is open, and records them."""

    def __init__(self) -> None:
        self.batches: list[tuple[object, list[int]]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.threads = ThreadPoolExecutor(4)

    def run(self, key, items):
        self.batches.append((key, list(items)))
        self.gate.wait(10)
        if key == "fails":
            raise ValueError("no")
        return [10 * item for item in items]

    def batcher(self, most: int = 4, lanes: int = 1, seconds: float = 0.01) -> Batcher:
        return Batcher(self.run, most, lanes, seconds, self.threads)


def test_items_that_arrive_together_are_one_batch_and_every_caller_gets_its_own() -> None:
    recorder = Recorder()

    async def work():
        batcher = recorder.batcher()
        return await asyncio.gather(*(batcher.submit("a", i) for i in range(4)))

    assert asyncio.run(work()) == [0, 10, 20, 30]
    assert recorder.batches == [("a", [0, 1, 2, 3])]


def test_a_batch_that_is_not_full_starts_after_the_wait() -> None:
    recorder = Recorder()

    async def work():
        batcher = recorder.batcher(seconds=0.02)
        return await asyncio.gather(batcher.submit("a", 1), batcher.submit("a", 2))

    assert asyncio.run(asyncio.wait_for(work(), 5)) == [10, 20]
    assert recorder.batches == [("a", [1, 2])]


def test_while_all_lanes_compute_items_gather_and_the_longest_wait_is_next() -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async def work():
        batcher = recorder.batcher(most=2, seconds=0.0001)
        first = asyncio.create_task(batcher.submit("a", 0))
        await asyncio.sleep(0.05)
        later = [asyncio.create_task(batcher.submit(key, i)) for i, key in enumerate("bccbb", start=1)]
        await asyncio.sleep(0.05)
        assert batcher.waiting == 5
        recorder.gate.set()
        return await asyncio.gather(first, *later)

    assert asyncio.run(work()) == [0, 10, 20, 30, 40, 50]
    assert recorder.batches == [("a", [0]), ("b", [1, 4]), ("c", [2, 3]), ("b", [5])]


def test_lanes_compute_at_the_same_time() -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async def work():
        batcher = recorder.batcher(most=1, lanes=2)
        tasks = [asyncio.create_task(batcher.submit("a", i)) for i in range(3)]
        await asyncio.sleep(0.1)
        begun = len(recorder.batches)
        recorder.gate.set()
        await asyncio.gather(*tasks)
        return begun

    assert asyncio.run(work()) == 2


def test_an_error_is_that_of_its_batch_alone() -> None:
    recorder = Recorder()

    async def work():
        batcher = recorder.batcher()
        return await asyncio.gather(
            batcher.submit("fails", 1), batcher.submit("fails", 2), batcher.submit("a", 3), return_exceptions=True
        )

    one, two, three = asyncio.run(work())
    assert isinstance(one, ValueError) and isinstance(two, ValueError) and three == 30


def test_a_caller_that_gave_up_is_left_out() -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async def work():
        batcher = recorder.batcher(most=4)
        first = asyncio.create_task(batcher.submit("a", 0))
        await asyncio.sleep(0.05)
        gone, alone, stays = (
            asyncio.create_task(batcher.submit(*item)) for item in (("a", 1), ("b", 9), ("a", 2))
        )
        await asyncio.sleep(0.01)
        gone.cancel()
        alone.cancel()
        await asyncio.sleep(0.01)
        recorder.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await asyncio.gather(first, stays)

    assert asyncio.run(work()) == [0, 20]
    assert recorder.batches == [("a", [0]), ("a", [2])]
