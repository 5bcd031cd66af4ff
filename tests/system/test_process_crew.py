"""A crew of processes: all tasks once, a lost one told, errors of loading raised."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.process_crew import ProcessCrew, log_levels


@dataclass(frozen=True)
class Squares:
    """An order: squares of numbers; `deadly` ends its process, `fault` is what opening does."""

    levels: tuple[int, int] = log_levels()
    deadly: int = -1
    fault: str = ""

    @contextmanager
    def opened(self) -> Iterator["Squares"]:
        """Open nothing, or fail."""
        if self.fault == "refuse":
            raise InputError("the networks are damaged")
        if self.fault == "die":
            os._exit(7)
        yield self

    def describe(self) -> str:
        """Say what computes."""
        return f"process {os.getpid()}"

    def work(self, task: int, doing: Callable[..., None]) -> Iterator[int]:
        """Say and give a square."""
        doing("squaring", task)
        if task == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        yield task * task


def tasks(count: int) -> Callable[[], int | None]:
    """Give the numbers from 1."""
    numbers = iter(range(1, count + 1))
    return lambda: next(numbers, None)


def test_every_task_is_done_once_and_all_processes_end() -> None:
    with ProcessCrew(Squares(), 2) as crew:
        events = list(crew.work(tasks(9)))
        assert len(multiprocessing.active_children()) == 2 and crew.made_with.startswith("process ")
    assert not multiprocessing.active_children()
    assert Counter(event.kind for event in events) == {"doing": 9, "result": 9, "done": 9}
    assert {event.task: event.content for event in events if event.kind == "result"} == {i: i * i for i in range(1, 10)}
    assert next(event.content for event in events if event.kind == "doing" and event.task == 4) == ("squaring", 4)


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_lost_task_is_told_and_may_be_given_out_again() -> None:
    lost: list[int] = []
    numbers = tasks(3)
    with ProcessCrew(Squares(deadly=3), 1) as crew:
        results = []
        for event in crew.work(lambda: lost.pop() + 1 if lost else numbers()):
            if event.kind == "lost":
                assert event.content == "was ended by SIGKILL"
                lost.append(event.task)
            elif event.kind == "result":
                results.append(event.task)
    assert results == [1, 2, 4]


def test_errors_of_opening_are_raised() -> None:
    with ProcessCrew(Squares(fault="refuse"), 2) as crew, pytest.raises(InputError, match="the networks are damaged"):
        list(crew.work(tasks(3)))
    with ProcessCrew(Squares(fault="die"), 2) as crew, pytest.raises(F2PError, match="no worker is left"):
        list(crew.work(tasks(3)))
    assert not multiprocessing.active_children()


def _run_until_killed(sentinel: str) -> None:
    with ProcessCrew(Squares(), 1) as crew:
        for _ in crew.work(tasks(1)):
            pass
        with open(sentinel, "w", encoding="utf-8") as file:
            file.write(str(multiprocessing.active_children()[0].pid))
        time.sleep(60)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    sentinel = tmp_path / "pid"
    parent = multiprocessing.get_context("spawn").Process(target=_run_until_killed, args=(str(sentinel),))
    parent.start()
    deadline = time.monotonic() + 60
    while not (sentinel.is_file() and sentinel.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = int(sentinel.read_text())
    parent.kill()
    parent.join()
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
