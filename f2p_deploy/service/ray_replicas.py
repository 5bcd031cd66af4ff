"""The replicas of the service on Ray: each holds a part of what `LocalBackend` holds in one process."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.result import Mode
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.json_log import log_to
from f2p_deploy.service.local_aligner import LocalAligner
from f2p_deploy.service.local_generator import LocalGenerator
from f2p_deploy.service.ray_order import RayOrder
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.threads import limit_threads


class ServedNews(NamedTuple):
    """What a generator serves.

    Args:
        served: the bundle.
        settings: its settings, for alignment.
    """

    served: ServedBundle
    settings: BundleSettings


class Reply(NamedTuple):
    """The answer of a generator.

    Args:
        value: the answer, or the error to raise; None if the face was aligned for another bundle.
        news: what the generator serves, if the caller knows another bundle.
    """

    value: Any
    news: ServedNews | None


def alignment_key(settings: BundleSettings) -> str:
    """Return a text that two bundles share if photos are aligned alike for both."""
    facts = [settings.architecture.image_size, sorted(settings.alignment.landmarks.items())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class AlignerReplica:
    """Reads and aligns photos, in as many threads as Ray gives it cores.

    Args:
        words: see `RayOrder.from_words`.
    """

    async def __init__(self, words: Mapping[str, Any]) -> None:  # type: ignore[misc]
        log_to()
        order = RayOrder.from_words(words)
        self._aligner = LocalAligner(_finder_of(order), order.limits().photo_pixels, assigned_cores())
        await self._aligner.start()

    async def align(self, content: bytes, name: str, settings: BundleSettings) -> AlignedFace | F2PError:
        """Return the aligned face of a photo's file, or the reason why there is none."""
        try:
            return await self._aligner.align(content, name, settings)
        except F2PError as error:
            return error


class GeneratorReplica:
    """Generates and draws with one runtime; it starts only if the golden vectors are right.

    Args:
        words: see `RayOrder.from_words`.
    """

    async def __init__(self, words: Mapping[str, Any]) -> None:  # type: ignore[misc]
        log_to()
        order = RayOrder.from_words(words)
        lanes = order.lanes or (None if order.gpus else assigned_cores())
        self._generator = LocalGenerator(
            _runtime_of(order), order.limits().batch_seconds, _batch_metrics(), lanes, order.batching
        )
        await self._generator.start()
        settings = self._generator.runtime.settings
        self._news = ServedNews(self._generator.served, settings)
        self._alignment = alignment_key(settings)

    async def describe(self, known: str) -> ServedNews | None:
        """Return what is served; None if the caller knows it by its fingerprint."""
        return None if known == self._news.served.fingerprint else self._news

    async def generate(
        self, face: AlignedFace, mode: Mode, keep: Parameters | None, known: str, alignment: str
    ) -> Reply:
        """Return the character of an aligned face.

        Args:
            face, mode, keep: see `Backend.generate`.
            known: fingerprint of the bundle that the caller knows.
            alignment: `alignment_key` of the settings that the face was aligned with.
        """
        if alignment != self._alignment:
            return Reply(None, self._news)
        return await self._replied(self._generator.generate(face, mode, keep), known)

    async def draw(self, parameters: Parameters, known: str) -> Reply:
        """Return a character's picture as a PNG file."""
        return await self._replied(self._generator.draw(parameters), known)

    async def _replied(self, work: Any, known: str) -> Reply:
        news = None if known == self._news.served.fingerprint else self._news
        try:
            return Reply(await work, news)
        except F2PError as error:
            return Reply(error, news)


def assigned_cores() -> int:
    """Return the cores that Ray gives this replica, rounded, at least 1."""
    import ray

    return max(1, round(ray.get_runtime_context().get_assigned_resources().get("CPU", 1.0)))


def _runtime_of(order: RayOrder) -> Callable[[], Runtime]:
    def open_runtime() -> Runtime:
        from f2p_deploy.model.bundle import demo_bundle_path

        limit_threads(1)
        opened = load(order.source or demo_bundle_path(), order.runtime, 1)
        opened.fast = order.fast
        return opened

    return open_runtime


def _finder_of(order: RayOrder) -> Callable[[], LandmarkFinder]:
    def open_finder() -> LandmarkFinder:
        choice = order.finder()
        return choose_finder_for(choice.landmarker, choice.landmarks, choice.offline).finder

    return open_finder


def _batch_metrics() -> Callable[[str, int, float], None]:
    """Return what measures batches with Ray's metrics, which name the deployment and the replica by themselves."""
    from ray.serve import metrics

    sizes = metrics.Histogram(
        "f2p_batch_size", description="Faces in a batch.", boundaries=[1, 2, 4, 8, 16, 32, 64], tag_keys=("mode",)
    )
    waits = metrics.Histogram(
        "f2p_batch_wait_seconds",
        description="Time that the first face of a batch waited.",
        boundaries=[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0],
        tag_keys=("mode",),
    )

    def note(mode: str, size: int, waited: float) -> None:
        sizes.observe(size, tags={"mode": mode})
        waits.observe(waited + 1e-9, tags={"mode": mode})

    return note
