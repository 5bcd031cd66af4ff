"""Worker processes that create characters in parallel; each loads the networks separately.

If a worker is killed, only its current photo fails, and a new worker replaces it. Workers end when their parent ends,
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.finder import ChosenFinder, FinderChoice, choose_finder_for
from f2p_deploy.pipeline.kept import Conditions
from f2p_deploy.pipeline.photo_characters import RunContext, Task, characters_of
from f2p_deploy.pipeline.results import Created, Failed
from f2p_deploy.pipeline.run_source import load_networks_for
from f2p_deploy.pipeline.work_folder import work_folder
from f2p_deploy.runtimes import load
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.interruption import unheard_by_children
from f2p_deploy.system.names import shown
from f2p_deploy.system.threads import usable_cores

logger = logging.getLogger(__name__)

#: Seconds after which a process that does not end is killed.
_PATIENCE = 5.0

#: Smallest number of photos for which another process is worth its start of 2 s, and largest number of processes that
#: are started unasked, since each holds the networks.
_WORTH, _MOST = 32, 8

#: Called with (position of the photo, its finished characters with a fraction, the current activity).
Tell = Callable[[int, float, str], None]


@dataclass(frozen=True)
class WorkerOrder:
    """Everything that a worker needs to create the same characters as its parent would.

    Args:
        source: folder of a bundle or an artifact.
        runtime: name of the runtime.
        device: the card's number, for a runtime that computes on one.
        threads: processor cores for each worker.
        fast: see `Runtime.fast`.
        ways: the modes of generation that will be used.
        finder: the arguments to choose it, or the finder itself if they cannot describe it.
        out, face, keep, engine, conditions: see `RunContext`.
        levels: levels of the root logger and of this package's logger.
    """

    source: Path
    runtime: str
    device: int
    threads: int
    fast: bool | None
    ways: tuple[Mode, ...]
    finder: FinderChoice | ChosenFinder
    out: Path
    face: int | None
    keep: Parameters | None
    engine: Engine | None
    conditions: Conditions
    levels: tuple[int, int]

    def open(self, work: Path) -> RunContext:
        """Load everything; raises what `load` and `choose_finder_for` raise."""
        runtime = load(self.source, self.runtime, self.threads, self.device)
        runtime.fast = self.fast
        chosen = self.finder
        if isinstance(chosen, FinderChoice):
            chosen = choose_finder_for(chosen.landmarker, chosen.landmarks, chosen.offline)
        load_networks_for(runtime, self.ways)
        return RunContext(runtime, self.out, work, chosen, self.face, self.keep, self.engine, self.conditions)


def workers_for(photos: int) -> int:
    """Return how many processes are worth their start for a number of photos on this machine."""
    return max(1, min(usable_cores(), _MOST, photos // _WORTH))


def order_for(context: RunContext, ways: Sequence[Mode], workers: int, threads: int | None) -> WorkerOrder:
    """Return the order of a run; without `threads`, the processor cores are divided between the workers.

    Raises:
        InputError: the finder or the engine cannot be sent to another process.
    """
    runtime, finder = context.runtime, context.finder
    order = WorkerOrder(
        source=runtime.folder.absolute(),
        runtime=runtime.name,
        device=runtime.device,
        threads=threads or max(1, usable_cores() // workers),
        fast=runtime.fast,
        ways=tuple(ways),
        finder=finder.choice or finder,
        out=context.out.absolute(),
        face=context.face,
        keep=context.keep,
        engine=context.engine,
        conditions=context.conditions,
        levels=(logging.getLogger().level, logging.getLogger("f2p_deploy").level),
    )
    try:
        pickle.dumps(order)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError("finder or engine cannot be sent to a worker's process: leave out --workers") from error
    return order


@dataclass
class _Worker:
    """A worker from the parent's point of view.

    Args:
        process: the child process.
        connection: the parent's end of the pipe.
        ready: whether the worker has loaded everything.
        task: its current task, with the position of the photo.
        left: modes of the task without a result so far.
    """

    process: SpawnProcess
    connection: Connection
    ready: bool = False
    task: tuple[int, Task] | None = None
    left: list[str] = field(default_factory=list)

    def how_it_ended(self) -> str:
        """Return the signal or the exit code, in words."""
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


class WorkerPool:
    """A pool of workers; a context manager, which ends them.

    Args:
        order: the order that each worker loads.
        count: number of workers.
    """

    def __init__(self, order: WorkerOrder, count: int) -> None:
        self._order = order
        self._count = count
        self._workers: list[_Worker] = []
        #: The workers' description of their runtime; empty until one of them is ready.
        self.made_with = ""

    def __enter__(self) -> "WorkerPool":
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

    def work(self, tasks: Mapping[int, Task], tell: Tell) -> Iterator[tuple[int, str, Created | Failed]]:
        """Yield the results of photos as they arrive: position, mode that was asked for, result.

        Raises:
            F2PError: a worker's error while loading, or no worker is left.
        """
        waiting = deque(tasks.items())
        for _ in range(min(self._count, len(tasks))):
            self._start()
        while waiting or any(worker.task for worker in self._workers):
            if not self._workers:
                raise F2PError("no worker is left: all ended while they loaded the networks; fewer need less memory")
            by_connection = {worker.connection: worker for worker in self._workers}
            for connection in wait(list(by_connection)):
                worker = by_connection[connection]  # type: ignore[index]
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError, pickle.UnpicklingError):
                    yield from self._lose(worker, bool(waiting))
                    continue
                yield from self._take(worker, message, waiting, tell)

    def _take(
        self, worker: _Worker, message: tuple[str, Any], waiting: deque[tuple[int, Task]], tell: Tell
    ) -> Iterator[tuple[int, str, Created | Failed]]:
        """Handle a message of a worker."""
        kind, content = message
        if kind == "log":
            logging.getLogger(content.name).handle(content)
        elif kind == "failed":
            raise content
        elif kind == "doing" and worker.task is not None:
            tell(worker.task[0], *content)
        elif kind == "result" and worker.task is not None:
            asked, result = content
            worker.left.remove(asked)
            yield worker.task[0], asked, result
        elif kind == "free":
            if worker.task is not None:
                tell(worker.task[0], len(worker.task[1].names), f"{shown(worker.task[1].photo.name)}: done")
            worker.ready, worker.task = True, None
            self.made_with = content
            if waiting:
                worker.task = waiting.popleft()
                worker.left = list(worker.task[1].names)
                with contextlib.suppress(OSError):  # if it was killed, the next `recv` raises
                    worker.connection.send(worker.task)

    def _lose(self, worker: _Worker, more: bool) -> Iterator[tuple[int, str, Created | Failed]]:
        """Report the task of a worker that ended, and start another worker if there are more tasks."""
        self._workers.remove(worker)
        worker.connection.close()
        how = worker.how_it_ended()
        if not worker.ready:
            logger.warning("a worker %s while it loaded the networks: %d go on", how, len(self._workers))
            return
        if worker.task is not None:
            position, task = worker.task
            name = shown(task.photo.name)
            reason = f"{name}: the process that worked on it {how}, as happens when memory runs out"
            yield position, worker.left[0], Failed(task.photo, "killed", reason)
        if more:
            self._start()

    def _start(self) -> None:
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self._order, there), daemon=True)
        with unheard_by_children():
            process.start()
        there.close()
        self._workers.append(_Worker(process, here))


def _serve(order: WorkerOrder, connection: Connection) -> None:
    """Run a worker: create characters for the parent until it sends None or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all processes; the parent handles it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    lock = threading.Lock()

    def say(kind: str, content: object) -> None:
        with lock:
            connection.send((kind, content))

    _send_log(say, order.levels)
    try:
        with work_folder(order.out) as work:
            context = order.open(work)
            say("free", context.runtime.describe_device())
            while (message := connection.recv()) is not None:
                _, task = message
                for asked, result in characters_of(task, context, lambda *doing: say("doing", doing)):
                    say("result", (asked, result))
                say("free", context.runtime.describe_device())
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
