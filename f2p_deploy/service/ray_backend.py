"""Aligns, generates and draws in other processes, through handles of Ray Serve."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from f2p_deploy.alignment import AlignedFace
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.ray_replicas import Reply, ServedNews, alignment_key
from f2p_deploy.service.refusals import Refusal
from f2p_deploy.system.errors import F2PError

logger = logging.getLogger(__name__)

#: How often a replica is asked again for something that another one did not live to answer. A photo that ends every
#: process which opens it must not end all of them.
_MORE_TRIES = 1

#: Seconds between questions whether another bundle is served by now.
_NEWS_SECONDS = 5.0


@dataclass(frozen=True)
class _SentFace(AlignedFace):
    """An aligned face with what it was aligned from, in case the next generator serves another bundle."""

    content: bytes = b""
    name: str = ""
    alignment: str = ""


class RayBackend:
    """Deployments of Ray Serve; see `f2p_deploy.service.backend.Backend`.

    While a new bundle is rolled out, generators of both answer. An aligned face that does not fit the bundle of the
    generator that gets it is aligned again.

    Args:
        aligner: handle of the deployment of `AlignerReplica`.
        generator: handle of the deployment of `GeneratorReplica`.
    """

    def __init__(self, aligner: Any, generator: Any) -> None:
        self._aligner = aligner
        self._generator = generator
        self._news: ServedNews | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Wait until a generator and an aligner have started; Ray tells of those that cannot."""
        self._news = await self._ask(self._generator.describe, "")
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop asking for news."""
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        """Notice a bundle that was rolled out, also when nobody asks for characters."""
        while True:
            await asyncio.sleep(_NEWS_SECONDS)
            try:
                self._note(await self._ask(self._generator.describe, self.served.fingerprint))
            except Exception:
                logger.debug("no news of the generators", exc_info=True)

    def _note(self, news: ServedNews | None) -> None:
        if news is not None and news.served.fingerprint != self.served.fingerprint:
            facts = {"bundle": news.served.name, "fingerprint": news.served.fingerprint}
            logger.info("another bundle", extra={"facts": facts})
            self._news = news

    @property
    def served(self) -> ServedBundle:
        """The bundle; known once it has started."""
        assert self._news is not None, "start() has not returned"
        return self._news.served

    async def align(self, content: bytes, name: str) -> AlignedFace:
        """Return the aligned face of a photo's file."""
        assert self._news is not None, "start() has not returned"
        return await self._align(content, name, self._news.settings)

    async def _align(self, content: bytes, name: str, settings: BundleSettings) -> _SentFace:
        face = await self._ask(self._aligner.align, content, name, settings)
        return _SentFace(**vars(face), content=content, name=name, alignment=alignment_key(settings))

    async def generate(self, face: AlignedFace, mode: Mode, keep: Parameters | None) -> Generation:
        """Return the character of an aligned face, computed together with others."""
        assert isinstance(face, _SentFace), "a face comes from align()"
        while True:
            plain = AlignedFace(**{name: getattr(face, name) for name in AlignedFace.__dataclass_fields__})
            known = self.served.fingerprint
            reply: Reply = await self._ask(self._generator.generate, plain, mode, keep, known, face.alignment)
            self._note(reply.news)
            if reply.value is not None:
                return _told(reply)
            assert reply.news is not None
            face = await self._align(face.content, face.name, reply.news.settings)

    async def draw(self, parameters: Parameters) -> bytes:
        """Return a character's picture as a PNG file."""
        reply: Reply = await self._ask(self._generator.draw, parameters, self.served.fingerprint)
        self._note(reply.news)
        return _told(reply)

    async def _ask(self, method: Any, *given: Any) -> Any:
        """Return what a replica answers, or raise the error that it tells."""
        import ray
        from ray.serve import exceptions

        lost = (ray.exceptions.RayActorError, exceptions.DeploymentUnavailableError)
        for _ in range(1 + _MORE_TRIES):
            try:
                answer = await method.remote(*given)
            except lost as error:
                logger.warning("a replica ended before its answer", extra={"facts": {"error": type(error).__name__}})
            else:
                if isinstance(answer, F2PError):
                    raise answer
                return answer
        raise Refusal("lost", "the process that computed this ended: try again", retry_after=1.0)


def _told(reply: Reply) -> Any:
    if isinstance(reply.value, F2PError):
        raise reply.value
    return reply.value
