"""Worker processes that create characters in parallel; each loads the networks separately.

If a worker is killed, only its current photo fails, see `f2p_deploy.system.process_crew`.
"""

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.kept import Conditions
from f2p_deploy.pipeline.networks_order import NetworksOrder, networks_order
from f2p_deploy.pipeline.photo_characters import RunContext, Task, characters_of
from f2p_deploy.pipeline.results import Created, Failed
from f2p_deploy.pipeline.work_folder import work_folder
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown
from f2p_deploy.system.process_crew import CrewEvent, ProcessCrew, log_levels
from f2p_deploy.system.threads import usable_cores

#: Smallest number of photos for which another process is worth its start of 2 s, and largest number of processes that
#: are started unasked, since each holds the networks.
_WORTH, _MOST = 32, 8

#: Called with (position of the photo, its finished characters with a fraction, the current activity).
Tell = Callable[[int, float, str], None]


@dataclass(frozen=True)
class WorkerOrder:
    """Everything that a worker needs to create the same characters as its parent would.

    Args:
        networks: what it loads.
        out, face, keep, engine, conditions: see `RunContext`.
        levels: see `CrewOrder`.
    """

    networks: NetworksOrder
    out: Path
    face: int | None
    keep: Parameters | None
    engine: Engine | None
    conditions: Conditions
    levels: tuple[int, int]

    @contextmanager
    def opened(self) -> Iterator["_OpenedRun"]:
        """Load everything; raises what `NetworksOrder.open` raises."""
        with work_folder(self.out) as work:
            runtime, finder = self.networks.open()
            yield _OpenedRun(
                RunContext(runtime, self.out, work, finder, self.face, self.keep, self.engine, self.conditions)
            )


@dataclass(frozen=True)
class _OpenedRun:
    """A worker's run."""

    context: RunContext

    def describe(self) -> str:
        """Return the description of the runtime."""
        return self.context.runtime.describe_device()

    def work(self, task: tuple[int, Task], doing: Callable[..., None]) -> Iterator[tuple[str, Created | Failed]]:
        """Yield the characters of a photo."""
        return characters_of(task[1], self.context, doing)


def workers_for(photos: int) -> int:
    """Return how many processes are worth their start for a number of photos on this machine."""
    return max(1, min(usable_cores(), _MOST, photos // _WORTH))


def order_for(context: RunContext, ways: Sequence[Mode], workers: int, threads: int | None) -> WorkerOrder:
    """Return the order of a run; without `threads`, the processor cores are divided between the workers.

    Raises:
        InputError: the finder or the engine cannot be sent to another process.
    """
    each = threads or max(1, usable_cores() // workers)
    order = WorkerOrder(
        networks=networks_order(context.runtime, context.finder, ways, each),
        out=context.out.absolute(),
        face=context.face,
        keep=context.keep,
        engine=context.engine,
        conditions=context.conditions,
        levels=log_levels(),
    )
    try:
        pickle.dumps(order)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError("finder or engine cannot be sent to a worker's process: leave out --workers") from error
    return order


class WorkerPool:
    """A pool of workers; a context manager, which ends them.

    Args:
        order: the order that each worker loads.
        count: number of workers.
    """

    def __init__(self, order: WorkerOrder, count: int) -> None:
        self._crew = ProcessCrew(order, count)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *exception: object) -> None:
        self._crew.__exit__(*exception)

    @property
    def made_with(self) -> str:
        """The workers' description of their runtime; empty until one of them is ready."""
        return self._crew.made_with

    def work(self, tasks: Mapping[int, Task], tell: Tell) -> Iterator[tuple[int, str, Created | Failed]]:
        """Yield the results of photos as they arrive: position, mode that was asked for, result.

        Raises:
            F2PError: a worker's error while loading, or no worker is left.
        """
        waiting, left = deque(tasks.items()), {i: list(task.names) for i, task in tasks.items()}
        for event in self._crew.work(lambda: waiting.popleft() if waiting else None):
            position, task = event.task
            if event.kind == "doing":
                tell(position, *event.content)
            elif event.kind == "result":
                asked, result = event.content
                left[position].remove(asked)
                yield position, asked, result
            elif event.kind == "done":
                tell(position, len(task.names), f"{shown(task.photo.name)}: done")
            else:
                yield position, left[position][0], _killed(task, event)


def _killed(task: Task, event: CrewEvent) -> Failed:
    """Return the result of a photo whose worker ended."""
    reason = f"{shown(task.photo.name)}: the process that worked on it {event.content}, as happens when memory runs out"
    return Failed(task.photo, "killed", reason)
