"""ExecuTorch runs a file that its own converter writes here, where the package is installed."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("executorch")
torch = pytest.importorskip("torch")

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, TensorSpec, read_artifact, write_artifact  # noqa: E402
from f2p_deploy.export.targets.executorch_target import CONVERTER, FILE  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

SHAPE = (1, 3, 16, 16)


@pytest.fixture(scope="module")
def artifact(small_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """An artifact of two graphs, whose methods share one convolution."""
    folder = tmp_path_factory.mktemp("executorch")
    layer, face = torch.nn.Conv2d(3, 3, 3, padding=1).eval(), torch.rand(SHAPE)
    words = []
    for name, module in (("segment", layer), ("render", torch.nn.Sequential(layer, torch.nn.Sigmoid()))):
        torch.export.save(torch.export.export(module.eval(), (face,)), folder / f"{name}.pt2")
        words.append(f"{name}={folder / name}.pt2")
    command = [sys.executable, str(CONVERTER.script), "convert", str(folder / FILE), *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(ran.stdout.splitlines()[-1].removeprefix("answer: "))
    assert answer["segment"]["delegated"] == 1
    tensors = (TensorSpec("face", "float32", SHAPE, "a picture", 0.0, 1.0),)
    outputs = (TensorSpec("classes", "float32", SHAPE, "a convolution"),)
    entry = GraphEntry(file=FILE, inputs=tensors, outputs=outputs, precision_asked="fp32", precision_found="fp32")
    manifest = read_artifact(small_artifact).manifest
    with write_artifact(folder / "artifact") as draft:
        (draft.folder / FILE).write_bytes((folder / FILE).read_bytes())
        draft.write_golden({})
        graphs = {"segment": entry, "render": entry}
        draft.manifest = replace(manifest, target="executorch", graphs=graphs, files={}, parity=())
    return read_artifact(folder / "artifact")


def test_methods_of_one_file_may_be_called_from_many_threads(artifact: Artifact) -> None:
    runtime = load(artifact)
    assert runtime.name == "executorch" and "executorch" in runtime.describe_device()
    faces = [np.random.default_rng(k).random(SHAPE, np.float32) for k in range(20)]
    alone = [runtime.compute("segment", {"face": face})["classes"].copy() for face in faces]
    with ThreadPoolExecutor(4) as pool:
        plain = list(pool.map(lambda face: runtime.compute("segment", {"face": face})["classes"], faces))
        curved = list(pool.map(lambda face: runtime.compute("render", {"face": face})["classes"], faces))
    for one, other, curve in zip(alone, plain, curved, strict=True):
        assert np.array_equal(one, other)
        assert np.abs(curve - 1 / (1 + np.exp(-one))).max() < 1e-5


def test_a_damaged_file_is_refused(artifact: Artifact, tmp_path: Path) -> None:
    with write_artifact(tmp_path / "damaged") as draft:
        (draft.folder / FILE).write_bytes(b"no file of ExecuTorch" * 10)
        draft.write_golden({})
        draft.manifest = replace(artifact.manifest, files={})
    with pytest.raises(InputError, match=r"graphs\.pte has no method 'segment'"):
        load(read_artifact(tmp_path / "damaged")).prepare(["segment"])
