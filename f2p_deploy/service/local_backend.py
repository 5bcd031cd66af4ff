"""Aligns, generates and draws in this process: a finder of faces and a runtime, each with its threads."""

from collections.abc import Callable

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.runtimes import Runtime
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.local_aligner import LocalAligner
from f2p_deploy.service.local_generator import LocalGenerator
from f2p_deploy.service.metrics import ServiceMetrics
from f2p_deploy.system.threads import usable_cores


class LocalBackend:
    """A runtime in this process; see `f2p_deploy.service.backend.Backend`.

    Args:
        open_runtime: opens the runtime; called once, in a thread.
        open_finder: opens the finder of faces; called once, in a thread.
        limits: of the service.
        metrics: gets the batches.
        lanes: see `LocalGenerator`.
        batching: see `LocalGenerator`.
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
        self._aligner = LocalAligner(open_finder, limits.photo_pixels, usable_cores())
        self._generator = LocalGenerator(open_runtime, limits.batch_seconds, metrics.batch, lanes, batching)

    async def start(self) -> None:
        """Load everything, check the golden vectors, and compute every mode once."""
        await self._generator.start()
        await self._aligner.start()

    async def stop(self) -> None:
        """End the threads once they have finished what they compute."""
        await self._aligner.stop()
        await self._generator.stop()

    @property
    def runtime(self) -> Runtime:
        """The runtime; known once it has started."""
        return self._generator.runtime

    @property
    def finder(self) -> LandmarkFinder:
        """The finder of faces; known once it has started."""
        return self._aligner.finder

    @property
    def served(self) -> ServedBundle:
        """The bundle; known once it has started."""
        return self._generator.served

    async def align(self, content: bytes, name: str) -> AlignedFace:
        """Return the aligned face of a photo's file."""
        return await self._aligner.align(content, name, self._generator.runtime.settings)

    async def generate(self, face: AlignedFace, mode: Mode, keep: Parameters | None) -> Generation:
        """Return the character of an aligned face, computed together with others."""
        return await self._generator.generate(face, mode, keep)

    async def draw(self, parameters: Parameters) -> bytes:
        """Return a character's picture as a PNG file."""
        return await self._generator.draw(parameters)
