"""Alignment in this process: the face of the pipeline, refusals, a finder that cannot be opened."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load
from f2p_deploy.service.local_aligner import LocalAligner
from f2p_deploy.system.errors import MissingDependency, PhotoError

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def test_faces_are_those_of_the_pipeline(portrait: bytes) -> None:
    settings = load(read_artifact(DEMO), "onnxruntime", threads=1).settings

    async def work():
        aligner = LocalAligner(NetworkFinder, 10**7, 2)
        await aligner.start()
        try:
            with pytest.raises(PhotoError, match="^me: "):
                await aligner.align(b"no photo", "me", settings)
            return await asyncio.gather(*(aligner.align(portrait, "me", settings) for _ in range(3)))
        finally:
            await aligner.stop()

    wanted = align_content(portrait, "me", NetworkFinder(), settings)
    for face in asyncio.run(work()):
        assert np.array_equal(face.image, wanted.image) and np.array_equal(face.matrix, wanted.matrix)


def test_a_finder_that_cannot_be_opened_is_its_error() -> None:
    def none():
        raise MissingDependency("no finder here")

    with pytest.raises(MissingDependency, match="no finder here"):
        asyncio.run(LocalAligner(none, 1, 1).start())
