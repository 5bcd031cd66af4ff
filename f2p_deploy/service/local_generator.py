"""Generates and draws in this process: threads around one runtime, requests batched together."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from f2p_deploy.alignment import AlignedFace
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.pipeline.run_source import draws, load_networks_for, modes_of_runtime
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.runtimes.verification import measure_golden
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.batcher import Batcher
from f2p_deploy.system.errors import FloorMissed
from f2p_deploy.system.pictures import png_bytes
from f2p_deploy.system.threads import usable_cores

#: Batches that a card computes at a time: one, while the next is prepared.
CARD_LANES = 2

#: Most searches that take their steps together, where the artifact's step takes any number of faces.
MOST_SEARCHES = 16


class _Face(NamedTuple):
    """A face to generate from: (S, S, 3) uint8, and its measured shape or None."""

    image: np.ndarray
    shape: np.ndarray | None


class _Kind(NamedTuple):
    """What the faces of a batch have in common: the mode, the values to keep, and whether shapes were measured."""

    mode: Mode
    keep: Parameters | None
    keep_key: bytes
    shaped: bool

    def __hash__(self) -> int:
        return hash((self.mode, self.keep_key, self.shaped))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kind) and (self.mode, self.keep_key, self.shaped) == (
            other.mode,
            other.keep_key,
            other.shaped,
        )


class LocalGenerator:
    """A runtime in this process; all methods belong to the event loop's thread.

    One-shot generation and searches are batched apart, each up to `most_faces`; faces with the same values to keep
    share a batch. On a processor there are as many lanes as cores, and each call should use one thread
    (`load(..., threads=1)`): that answers more requests per second than all cores for one call.

    Args:
        open_runtime: opens the runtime; called once, in a thread.
        batch_seconds: how long the first face of a batch waits for others, if nothing else is computed.
        note_batch: called with each batch's mode, its size and the seconds that its first face waited.
        lanes: batches that are computed at a time; None for as many as cores, or `CARD_LANES` on a card.
        batching: False to compute every request by itself.
    """

    def __init__(
        self,
        open_runtime: Callable[[], Runtime],
        batch_seconds: float,
        note_batch: Callable[[str, int, float], None],
        lanes: int | None = None,
        batching: bool = True,
    ) -> None:
        self._open_runtime = open_runtime
        self._batch_seconds = batch_seconds
        self._note = note_batch
        self._lanes = lanes
        self._batching = batching
        self._loading = ThreadPoolExecutor(1, "f2p-load")
        self._served: ServedBundle | None = None

    async def start(self) -> None:
        """Load the networks, check the golden vectors, and compute every mode once.

        Raises:
            F2PError: the networks cannot be loaded or compute something else than at the export.
        """
        self.runtime = await asyncio.get_running_loop().run_in_executor(self._loading, self._load)
        lanes = self._lanes or (CARD_LANES if self.runtime.on_card else usable_cores())
        alone, together = most_faces(self.runtime) if self._batching else (1, 1)
        self._computing = ThreadPoolExecutor(2 * lanes, "f2p-compute")
        self._drawing = ThreadPoolExecutor(lanes, "f2p-draw")
        self._batchers: dict[bool, Batcher[_Face, Generation]] = {
            searches: Batcher(
                self._generate_batch, most, lanes, self._batch_seconds, self._computing, self._note_batch
            )
            for searches, most in ((False, alone), (True, together))
        }

    def _load(self) -> Runtime:
        runtime = self._open_runtime()
        modes = modes_of_runtime(runtime)
        load_networks_for(runtime, modes)
        if runtime.suffixes:
            records = measure_golden(runtime)
            sentences = [record.sentence() for record in records if not record.passed]
            if sentences:
                raise FloorMissed(
                    f"{runtime.folder} does not compute the same as at its export: {'; '.join(sentences)}"
                )
        size = runtime.settings.architecture.image_size
        grey = np.full((size, size, 3), 128, np.uint8)
        for mode in modes:
            search.generate(runtime, grey, mode)
        if draws(runtime):
            graph_calls.render(runtime, average(runtime.schema))
        self._served = ServedBundle(
            name=runtime.bundle_name,
            fingerprint=runtime.bundle_fingerprint,
            schema=runtime.schema,
            modes=modes,
            draws=draws(runtime),
            image_size=size,
            computed_by=runtime.describe_device(),
        )
        return runtime

    async def stop(self) -> None:
        """End the threads once they have finished what they compute."""
        pools = (self._computing, self._drawing) if hasattr(self, "_computing") else ()
        for threads in (self._loading, *pools):
            threads.shutdown(wait=False, cancel_futures=True)

    @property
    def served(self) -> ServedBundle:
        """The bundle; known once it has started."""
        assert self._served is not None, "start() has not returned"
        return self._served

    async def generate(self, face: AlignedFace, mode: Mode, keep: Parameters | None) -> Generation:
        """Return the character of an aligned face, computed together with others."""
        shape = face.landmarks.shape
        kept = b"" if keep is None else keep.values.tobytes() + "\0".join(sorted(keep.locked)).encode()
        kind = _Kind(mode, keep, kept, shape is not None)
        return await self._batchers[mode != "one-shot"].submit(kind, _Face(face.image, shape))

    def _generate_batch(self, kind: Hashable, faces: Sequence[_Face]) -> list[Generation]:
        assert isinstance(kind, _Kind)
        images = [face.image for face in faces]
        shapes = np.stack([face.shape for face in faces if face.shape is not None]) if kind.shaped else None
        return search.generate_many(self.runtime, images, kind.mode, kind.keep, shapes=shapes)

    def _note_batch(self, kind: Hashable, size: int, waited: float) -> None:
        assert isinstance(kind, _Kind)
        self._note(kind.mode, size, waited)

    async def draw(self, parameters: Parameters) -> bytes:
        """Return a character's picture as a PNG file."""
        return await asyncio.get_running_loop().run_in_executor(self._drawing, self._draw, parameters)

    def _draw(self, parameters: Parameters) -> bytes:
        return png_bytes(graph_calls.render(self.runtime, parameters))


def most_faces(runtime: Runtime) -> tuple[int, int]:
    """Return the largest batches of one-shot generation and of searches.

    Searches of an artifact whose step takes any number of faces at once are batched although its other graphs take
    one: on a processor a batch of convolutions costs as much as its faces, and of the steps hardly more than one.
    """
    batch = runtime.artifact.manifest.batch
    steps = [graph for graph in ("step", "step_fast") if graph in runtime.graphs]
    return batch, max([batch, *(runtime.rows(graph, MOST_SEARCHES) for graph in steps)])
