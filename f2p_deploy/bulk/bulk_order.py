"""What a worker of a bulk job is sent: everything it needs to make the same rows as any other worker."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.bulk.photo_refs import PhotoReader, PhotoRef, PhotoSource
from f2p_deploy.bulk.photo_rows import Row, rows_of
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.mode import ways_of
from f2p_deploy.pipeline.networks_order import NetworksOrder, networks_order
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.process_crew import log_levels
from f2p_deploy.system.threads import limit_threads

#: Photos that a worker takes at a time, unless the artifact's batch is larger.
CHUNK = 8


@dataclass(frozen=True)
class Chunk:
    """Photos that one worker makes together; always the same ones, so that no result depends on the workers.

    Args:
        part: number of the part that their rows belong to.
        refs: the photos.
    """

    part: int
    refs: tuple[PhotoRef, ...]


@dataclass(frozen=True)
class BulkOrder:
    """The order of a bulk job.

    Args:
        networks: what a worker loads; one thread, since more could round in another order.
        source: the photos.
        mode: one of `f2p_deploy.pipeline.mode.MODES`.
        levels: see `f2p_deploy.system.process_crew.CrewOrder`.
    """

    networks: NetworksOrder
    source: PhotoSource
    mode: str
    levels: tuple[int, int]

    @contextmanager
    def opened(self) -> Iterator["OpenedBulk"]:
        """Load everything; raises what `NetworksOrder.open` raises."""
        limit_threads(1)
        runtime, finder = self.networks.open()
        with self.source.reader() as reader:
            yield OpenedBulk(runtime, finder.finder, reader, self.mode)


@dataclass(frozen=True)
class OpenedBulk:
    """A worker of a bulk job."""

    runtime: Runtime
    finder: LandmarkFinder
    reader: PhotoReader
    mode: str

    def describe(self) -> str:
        """Return the description of the runtime."""
        return self.runtime.describe_device()

    def work(self, chunk: Chunk, doing: Callable[..., None]) -> Iterator[list[Row]]:
        """Yield the rows of a chunk, all at once: a chunk has all of its rows or none."""
        yield rows_of(chunk.refs, self.reader, self.runtime, self.finder, self.mode)


def bulk_order(source: PhotoSource, runtime: Runtime, finder: ChosenFinder, mode: str) -> BulkOrder:
    """Return the order for a runtime and a finder that are open in this process.

    Raises:
        InputError: the finder cannot be sent to another process.
    """
    order = BulkOrder(networks_order(runtime, finder, ways_of([mode]), 1), source, mode, log_levels())
    try:
        pickle.dumps(order)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError("the finder cannot be sent to a worker's process: choose it by its files") from error
    return order


def chunk_size(runtime: Runtime) -> int:
    """Return the number of photos in a chunk: `CHUNK`, or the artifact's batch if that is larger."""
    return max(CHUNK, *(graph.batch for graph in runtime.artifact.manifest.graphs.values()))
