"""Aligns, generates and draws in this process: threads around one runtime, requests batched together."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.pipeline.run_source import draws, load_networks_for, modes_of_runtime
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.runtimes.verification import measure_golden
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.batcher import Batcher
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.metrics import ServiceMetrics
from f2p_deploy.system.errors import FloorMissed
from f2p_deploy.system.pictures import png_bytes
from f2p_deploy.system.threads import usable_cores

logger = logging.getLogger(__name__)

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


class LocalBackend:
    """A runtime in this process; see `f2p_deploy.service.backend.Backend`.

    Photos are aligned in threads of their own. One-shot generation and searches are batched apart, each up to
    `most_faces`; faces with the same values to keep share a batch. On a processor there are as many lanes as
    cores, and each call should use one thread (`load(..., threads=1)`): that answers more requests per second than
    all cores for one call.

    Args:
        open_runtime: opens the runtime; called once, in a thread.
        open_finder: opens the finder of faces; called once, in a thread.
        limits: of the service.
        metrics: gets the batches.
        lanes: batches that are computed at a time; None for as many as cores, or `CARD_LANES` on a card.
        batching: False to compute every request by itself.
    """

    def __init__(
        self,
        open_runtime: Callable[[], Runtime],
        open_finder: Callable[[], LandmarkFinder],
        limits: ServiceLimits,
        metrics: ServiceMetrics,
        lanes: int | None = None,
        batching: bool = True,
    ) -> None:
        self._open_runtime = open_runtime
        self._open_finder = open_finder
        self._limits = limits
        self._metrics = metrics
        self._lanes = lanes
        self._batching = batching
        self._aligning = ThreadPoolExecutor(usable_cores(), "f2p-align")
        self._loading = ThreadPoolExecutor(1, "f2p-load")
        self._served: ServedBundle | None = None

    async def start(self) -> None:
        """Load everything, check the golden vectors, and compute every mode once."""
        loop = asyncio.get_running_loop()
        self.finder, self.runtime = await loop.run_in_executor(self._loading, self._load)
        cores = usable_cores()
        lanes = self._lanes or (CARD_LANES if self.runtime.on_card else cores)
        alone, together = most_faces(self.runtime) if self._batching else (1, 1)
        self._computing = ThreadPoolExecutor(2 * lanes, "f2p-compute")
        self._drawing = ThreadPoolExecutor(lanes, "f2p-draw")
        self._batchers: dict[bool, Batcher[_Face, Generation]] = {
            searches: Batcher(
                self._generate_batch, most, lanes, self._limits.batch_seconds, self._computing, self._note_batch
            )
            for searches, most in ((False, alone), (True, together))
        }

    def _load(self) -> tuple[LandmarkFinder, Runtime]:
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
        finder = self._open_finder()
        finder.find(grey)
        self._served = ServedBundle(
            name=runtime.bundle_name,
            fingerprint=runtime.bundle_fingerprint,
            schema=runtime.schema,
            modes=modes,
            draws=draws(runtime),
            image_size=size,
            computed_by=runtime.describe_device(),
        )
        return finder, runtime

    async def stop(self) -> None:
        """End the threads once they have finished what they compute."""
        for threads in (self._aligning, self._loading, *self._pools()):
            threads.shutdown(wait=False, cancel_futures=True)

    def _pools(self) -> tuple[ThreadPoolExecutor, ...]:
        return (self._computing, self._drawing) if hasattr(self, "_computing") else ()

    @property
    def served(self) -> ServedBundle:
        """The bundle; known once it has started."""
        assert self._served is not None, "start() has not returned"
        return self._served

    async def align(self, content: bytes, name: str) -> AlignedFace:
        """Return the aligned face of a photo's file."""
        settings, most = self.runtime.settings, self._limits.photo_pixels
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._aligning, align_content, content, name, self.finder, settings, most, True
        )

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
        self._metrics.batch(kind.mode, size, waited)

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
