"""ncnn runs a graph that is written here by hand: the logistic function of a small picture."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ncnn")

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, TensorSpec, read_artifact, write_artifact  # noqa: E402
from f2p_deploy.artifact.ncnn_file import PARAM, ncnn_weights  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

SHAPE = (1, 3, 16, 16)

#: The magic number, the numbers of layers and blobs, and the layers: kind, name, inputs, outputs, and their blobs.
LOGISTIC = "7767517\n2 2\nInput in0 0 1 in0\nSigmoid curve 1 1 in0 out0\n"


def logistic_artifact(small_artifact: Path, folder: Path, layers: str = LOGISTIC) -> Artifact:
    """Write an artifact whose only graph has these layers."""
    entry = GraphEntry(
        file=f"segment{PARAM}",
        inputs=(TensorSpec("face", "float32", SHAPE, "a picture", 0.0, 1.0),),
        outputs=(TensorSpec("classes", "float32", SHAPE, "its logistic function"),),
        precision_asked="fp32",
        precision_found="fp32",
    )
    manifest = read_artifact(small_artifact).manifest
    with write_artifact(folder) as draft:
        (draft.folder / entry.file).write_text(layers)
        ncnn_weights(draft.folder / entry.file).write_bytes(b"")
        draft.write_golden({})
        draft.manifest = replace(manifest, target="ncnn", graphs={"segment": entry}, files={}, parity=())
    return read_artifact(folder)


def test_threads_get_their_own_answers(small_artifact: Path, tmp_path: Path) -> None:
    runtime = load(logistic_artifact(small_artifact, tmp_path / "artifact"), threads=1)
    assert runtime.name == "ncnn" and runtime.describe_device().startswith("ncnn 1")
    faces = [np.full(SHAPE, k / 50, np.float32) for k in range(50)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda face: runtime.compute("segment", {"face": face})["classes"], faces))
    for face, classes in zip(faces, found, strict=True):
        assert classes.shape == SHAPE and np.abs(classes - 1 / (1 + np.exp(-face))).max() < 1e-6


def test_files_that_ncnn_cannot_run_are_refused(small_artifact: Path, tmp_path: Path) -> None:
    no_file = load(logistic_artifact(small_artifact, tmp_path / "text", "no graph\n"))
    with pytest.raises(InputError, match=r"segment\.ncnn\.param and segment\.ncnn\.bin are no files that ncnn can run"):
        no_file.prepare(["segment"])
    other = load(logistic_artifact(small_artifact, tmp_path / "other", LOGISTIC.replace("out0", "result")))
    with pytest.raises(InputError, match="lacks out0, which its manifest names"):
        other.prepare(["segment"])
