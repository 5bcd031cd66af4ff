"""The backend behind handles: errors, a bundle that changes, replicas that end."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.alignment import AlignedFace, Landmarks
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import average
from f2p_deploy.model.result import Generation
from f2p_deploy.runtimes import load
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.ray_backend import RayBackend
from f2p_deploy.service.ray_replicas import Reply, ServedNews, alignment_key
from f2p_deploy.service.refusals import Refusal
from f2p_deploy.system.errors import PhotoError

pytest.importorskip("ray")

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


class Handle:
    """A handle whose methods are functions of this process."""

    def __init__(self, **methods: Callable[..., Any]) -> None:
        for name, method in methods.items():
            setattr(self, name, type("Method", (), {"remote": staticmethod(method)}))


def news_of(name: str, size: int) -> ServedNews:
    runtime = load(DEMO, "onnxruntime", 1)
    settings = replace(runtime.settings, architecture=replace(runtime.settings.architecture, image_size=size))
    return ServedNews(ServedBundle(name, name, runtime.schema, ("one-shot",), True, size, "nothing"), settings)


def face_of(size: int) -> AlignedFace:
    landmarks = Landmarks(dict.fromkeys(LANDMARKS, (0.0, 0.0)), "timed")
    return AlignedFace(np.zeros((size, size, 3), np.uint8), np.eye(2, 3), landmarks, 1, 1, 0.0, 50.0, 0.5)


async def align(content: bytes, name: str, settings: Any) -> Any:
    return face_of(settings.architecture.image_size) if content else PhotoError("unreadable", "photo: nothing")


def test_a_face_is_aligned_again_for_the_bundle_that_gets_it() -> None:
    one, two = news_of("one", 256), news_of("two", 512)
    made = Generation(average(one.served.schema), average(one.served.schema).values, "one-shot")
    sizes: list[int] = []

    async def describe(known: str) -> ServedNews | None:
        return one if known != "one" else None

    async def generate(face: AlignedFace, mode: str, keep: Any, known: str, alignment: str) -> Reply:
        sizes.append(len(face.image))
        assert type(face) is AlignedFace
        told = None if known == "two" else two
        return Reply(made if alignment == alignment_key(two.settings) else None, told)

    async def work() -> None:
        backend = RayBackend(Handle(align=align), Handle(describe=describe, generate=generate))
        await backend.start()
        try:
            assert backend.served.name == "one"
            assert await backend.generate(await backend.align(b"x", "photo"), "one-shot", None) is made
            assert backend.served.name == "two" and sizes == [256, 512]
            with pytest.raises(PhotoError, match="nothing"):
                await backend.align(b"", "photo")
        finally:
            await backend.stop()

    asyncio.run(work())


def test_a_replica_that_ends_is_replaced_once() -> None:
    from ray.exceptions import RayActorError

    one, ended = news_of("one", 256), []

    async def describe(known: str) -> ServedNews:
        return one

    async def draw(parameters: Any, known: str) -> Reply:
        if len(ended) < most:
            ended.append(1)
            raise RayActorError()
        return Reply(b"png", None)

    async def work() -> bytes:
        backend = RayBackend(Handle(align=align), Handle(describe=describe, draw=draw))
        await backend.start()
        try:
            return await backend.draw(average(one.served.schema))
        finally:
            await backend.stop()

    most = 1
    assert asyncio.run(work()) == b"png"
    most, ended = 9, []
    with pytest.raises(Refusal, match="try again") as caught:
        asyncio.run(work())
    assert caught.value.code == "lost" and caught.value.status == 503 and len(ended) == 2
