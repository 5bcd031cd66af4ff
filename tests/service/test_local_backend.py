"""The networks in this process: what they answer is what the runtime itself computes."""

import asyncio
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.character.parameters import average
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load, search
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.local_backend import LocalBackend
from f2p_deploy.service.metrics import ServiceMetrics

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def backend_of(folder: Path, **keywords) -> LocalBackend:
    return LocalBackend(
        lambda: load(read_artifact(folder), "onnxruntime", threads=1),
        NetworkFinder,
        ServiceLimits(),
        ServiceMetrics(32),
        **keywords,
    )


def test_characters_are_those_of_the_runtime_itself(portrait: bytes) -> None:
    runtime = load(read_artifact(DEMO), "onnxruntime", threads=1)
    face = align_content(portrait, "photo", NetworkFinder(), runtime.settings)
    locked = average(runtime.schema).lock(runtime.schema.controllers[0].name)
    wanted = [
        search.generate(runtime, face.image, mode, keep, shape=face.landmarks.shape)
        for mode, keep in (("one-shot", None), ("hybrid", None), ("hybrid", locked))
    ]

    async def work():
        backend = backend_of(DEMO, lanes=2)
        await backend.start()
        try:
            aligned = await backend.align(portrait, "photo")
            made = await asyncio.gather(
                backend.generate(aligned, "one-shot", None),
                backend.generate(aligned, "hybrid", None),
                backend.generate(aligned, "hybrid", locked),
            )
            return aligned, made, await backend.draw(made[0].parameters), backend.served
        finally:
            await backend.stop()

    aligned, made, picture, served = asyncio.run(work())
    assert np.array_equal(aligned.image, face.image)
    assert [each.parameters for each in made] == [each.parameters for each in wanted]
    assert picture.startswith(b"\x89PNG")
    assert served.modes == ("one-shot", "iterative", "hybrid") and served.draws and served.image_size == 256
