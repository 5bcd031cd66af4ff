"""Worker processes: photos that kill theirs, and photos whose worker somebody else killed."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from f2p_deploy.bulk.bulk_order import Chunk
from f2p_deploy.bulk.local_chunks import make_local
from f2p_deploy.bulk.photo_refs import PhotoRef
from f2p_deploy.bulk.photo_rows import Row
from f2p_deploy.system.process_crew import log_levels

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")


@dataclass(frozen=True)
class Order:
    """An order whose rows need no network; some photos end their worker, those in `once` only the first time.

    The worker of a photo in `after` ends once, when it has given its rows and before it can ask for more.
    """

    folder: Path
    deadly: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    levels: tuple[int, int] = log_levels()

    @contextmanager
    def opened(self) -> Iterator["Order"]:
        """Open nothing."""
        yield self

    def describe(self) -> str:
        """Say what computes."""
        return "nothing"

    def work(self, chunk: Chunk, doing: Callable[..., None]) -> Iterator[list[Row]]:
        """Give a row for each photo, or die."""
        for ref in chunk.refs:
            first = self.folder / str(ref.index)
            if ref.index in self.deadly or (ref.index in self.once and not first.exists()):
                first.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        yield [{"index": ref.index, "status": "ok"} for ref in chunk.refs]
        for ref in chunk.refs:
            last = self.folder / f"after {ref.index}"
            if ref.index in self.after and not last.exists():
                last.touch()
                os.kill(os.getpid(), signal.SIGKILL)


def statuses(order: Order, workers: int) -> dict[int, str]:
    """Make 12 photos in chunks of 3; return the status of each, once."""
    refs = [PhotoRef(i, "a.tar", str(i), i) for i in range(12)]
    chunks = (Chunk(0, tuple(refs[i : i + 3])) for i in range(0, 12, 3))
    rows = [row for _, rows in make_local(order, chunks, workers) for row in rows]  # type: ignore[arg-type]
    assert sorted(row["index"] for row in rows) == list(range(12)) and not multiprocessing.active_children()
    return {row["index"]: row["status"] for row in rows}


def test_a_worker_that_ends_after_its_rows_does_not_give_them_twice(tmp_path: Path) -> None:
    assert set(statuses(Order(tmp_path, after=(1, 5, 11)), 2).values()) == {"ok"}


def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    assert set(statuses(Order(tmp_path, once=(1, 11)), 2).values()) == {"ok"}


def test_only_the_photo_that_kills_twice_is_given_up(tmp_path: Path) -> None:
    found = statuses(Order(tmp_path, deadly=(4, 10)), 2)
    assert {i for i, status in found.items() if status == "killed"} == {4, 10}
