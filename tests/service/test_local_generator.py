"""Generation in this process: the golden check, and batches whose answers are those of single faces."""

import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load, search
from f2p_deploy.service.local_generator import LocalGenerator
from f2p_deploy.system.errors import FloorMissed

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def test_networks_that_compute_something_else_are_not_served(tmp_path: Path) -> None:
    changed = tmp_path / "artifact"
    shutil.copytree(DEMO, changed)
    with np.load(changed / "golden.npz") as arrays:
        golden = dict(arrays)
    golden["one_shot.parameters"] = np.ascontiguousarray(golden["one_shot.parameters"][:, ::-1])
    np.savez(changed / "golden.npz", **golden)

    def open_changed():
        runtime = load(read_artifact(DEMO), "onnxruntime", threads=1)
        object.__setattr__(runtime.artifact, "folder", changed)
        return runtime

    generator = LocalGenerator(open_changed, 0.01, lambda mode, size, waited: None)
    with pytest.raises(FloorMissed, match="one_shot"):
        asyncio.run(generator.start())


def test_searches_that_wait_together_are_one_batch(portrait: bytes) -> None:
    runtime = load(read_artifact(DEMO), "onnxruntime", threads=1)
    face = align_content(portrait, "photo", NetworkFinder(), runtime.settings)
    batches: list[tuple[str, int]] = []

    async def work():
        generator = LocalGenerator(
            lambda: runtime, 0.2, lambda mode, size, waited: batches.append((mode, size)), lanes=1
        )
        await generator.start()
        try:
            return await asyncio.gather(*(generator.generate(face, "hybrid", None) for _ in range(3)))
        finally:
            await generator.stop()

    made = asyncio.run(work())
    assert batches == [("hybrid", 3)]
    wanted = search.generate(runtime, face.image, "hybrid", None, shape=face.landmarks.shape)
    assert [each.parameters for each in made] == [wanted.parameters] * 3
