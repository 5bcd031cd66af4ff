"""A crew of worker processes: each opens what it needs once and then does one task at a time.

If a worker is killed, its task is reported as lost, and a new worker replaces it. Workers end when their parent ends,
even if it is killed.
"""

import contextlib
import logging
import logging.handlers
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Literal, Protocol

from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.interruption import unheard_by_children

logger = logging.getLogger(__name__)

#: Seconds after which a process that does not end is killed.
_PATIENCE = 5.0

#: Called by a worker with anything that describes its current activity.
Doing = Callable[..., None]


class OpenedWork(Protocol):
    """What a worker has opened."""

    def describe(self) -> str:
        """Return what computes the results."""
        ...

    def work(self, task: Any, doing: Doing) -> Iterable[Any]:
        """Do a task and yield its results."""
        ...


class CrewOrder(Protocol):
    """What a worker is sent at its start; it must be picklable."""

    @property
    def levels(self) -> tuple[int, int]:
        """The levels of the root logger and of this package's logger."""
        ...

    def opened(self) -> AbstractContextManager[OpenedWork]:
        """Open everything for as long as the worker lives."""
        ...


@dataclass(frozen=True)
class CrewEvent:
    """One event of a task.

    Args:
        kind: `doing` (it goes on), `result` (it has a result), `done` (it is finished), or `lost` (its worker ended).
        task: the task.
        content: what the worker said, its result, or how it ended in words.
    """

    kind: Literal["doing", "result", "done", "lost"]
    task: Any
    content: Any = None


@dataclass
class _Worker:
    """A worker from the parent's point of view.

    Args:
        process: the child process.
        connection: the parent's end of the pipe.
        ready: whether the worker has opened everything.
        task: its current task.
    """

    process: SpawnProcess
    connection: Connection
    ready: bool = False
    task: Any = None

    def how_it_ended(self) -> str:
        """Return the signal or the exit code, in words."""
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


class ProcessCrew:
    """A crew of workers; a context manager, which ends them.

    Args:
        order: what each worker opens.
        count: the largest number of workers.
    """

    def __init__(self, order: CrewOrder, count: int) -> None:
        self._order = order
        self._count = count
        self._workers: list[_Worker] = []
        #: The workers' description of what computes; empty until one of them is ready.
        self.made_with = ""

    def __enter__(self) -> "ProcessCrew":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker.ready and worker.task is None:
                with contextlib.suppress(OSError):
                    worker.connection.send(None)
            else:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self._workers = []

    def work(self, next_task: Callable[[], Any]) -> Iterator[CrewEvent]:
        """Do tasks until there are none, and yield what happens; the order of the tasks' ends is not known.

        Args:
            next_task: returns the next task, or None if there is none at present; it is asked again after every event,
                so that a lost task may be given out once more.

        Raises:
            F2PError: a worker's error while it opened everything, or no worker is left.
        """
        allowed, held = self._count, deque[Any]()
        self._hand_out(held, next_task)
        while held or any(worker.task is not None for worker in self._workers):
            while len(self._workers) < allowed and sum(worker.task is None for worker in self._workers) < len(held):
                self._start()
            if not self._workers:
                raise F2PError("no worker is left: all ended while they loaded the networks; fewer need less memory")
            by_connection = {worker.connection: worker for worker in self._workers}
            for connection in wait(list(by_connection)):
                worker = by_connection[connection]  # type: ignore[index]
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError, pickle.UnpicklingError):
                    allowed -= not worker.ready
                    yield from self._lose(worker)
                    continue
                yield from self._take(worker, *message)
            self._hand_out(held, next_task)

    def _hand_out(self, held: deque[Any], next_task: Callable[[], Any]) -> None:
        """Give tasks to workers without one, and hold as many more as there may be workers."""
        while True:
            while len(held) < self._count and (task := next_task()) is not None:
                held.append(task)
            free = [worker for worker in self._workers if worker.ready and worker.task is None]
            if not (held and free):
                return
            free[0].task = held.popleft()
            with contextlib.suppress(OSError):  # if it was killed, the next `recv` raises
                free[0].connection.send(free[0].task)

    def _take(self, worker: _Worker, kind: str, content: Any) -> Iterator[CrewEvent]:
        """Handle a message of a worker."""
        if kind == "log":
            logging.getLogger(content.name).handle(content)
        elif kind == "failed":
            raise content
        elif kind in ("doing", "result"):
            yield CrewEvent(kind, worker.task, content)  # type: ignore[arg-type]
        elif kind == "free":
            task, worker.ready, worker.task, self.made_with = worker.task, True, None, content
            if task is not None:
                yield CrewEvent("done", task)

    def _lose(self, worker: _Worker) -> Iterator[CrewEvent]:
        """Report the task of a worker that ended."""
        self._workers.remove(worker)
        worker.connection.close()
        how = worker.how_it_ended()
        if not worker.ready:
            logger.warning("a worker %s while it loaded the networks: %d go on", how, len(self._workers))
        elif worker.task is not None:
            yield CrewEvent("lost", worker.task, how)

    def _start(self) -> None:
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self._order, there), daemon=True)
        with unheard_by_children():
            process.start()
        there.close()
        self._workers.append(_Worker(process, here))


def _serve(order: CrewOrder, connection: Connection) -> None:
    """Run a worker: do tasks for the parent until it sends None or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all processes; the parent handles it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    lock = threading.Lock()

    def say(kind: str, content: object) -> None:
        with lock:
            connection.send((kind, content))

    _send_log(say, order.levels)
    try:
        with order.opened() as opened:
            say("free", opened.describe())
            while (task := connection.recv()) is not None:
                for result in opened.work(task, lambda *doing: say("doing", doing)):
                    say("result", result)
                say("free", opened.describe())
    except (EOFError, BrokenPipeError):
        return
    except F2PError as error:
        say("failed", error)
    except Exception as error:
        logger.info("unexpected failure of a worker", exc_info=True)
        say("failed", RuntimeError(f"{type(error).__name__} in a worker: {error}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _send_log(say: Callable[[str, object], None], levels: tuple[int, int]) -> None:
    """Send log records and warnings to the parent."""

    class Sender(logging.handlers.QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            with contextlib.suppress(OSError):
                say("log", record)

    logging.captureWarnings(True)
    logging.getLogger().addHandler(Sender(None))  # type: ignore[arg-type]
    logging.getLogger().setLevel(levels[0])
    logging.getLogger("f2p_deploy").setLevel(levels[1])


def log_levels() -> tuple[int, int]:
    """Return the levels of `CrewOrder.levels` in this process."""
    return logging.getLogger().level, logging.getLogger("f2p_deploy").level
