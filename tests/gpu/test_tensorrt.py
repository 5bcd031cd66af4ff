"""Engines built on the card that they run on: the precision is read from the opened engine."""

from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.export import BuildOptions, Faces, export_bundle
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.cuda_devices import cuda_devices


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_tensorrt_builds_for_this_card(
    small_bundle: Bundle, small_faces: Faces, precision: str, tmp_path: Path
) -> None:
    trt = pytest.importorskip("tensorrt")
    out = tmp_path / "out"
    export_bundle(
        small_bundle, f"trt-{precision}", out, faces=small_faces, trajectories=0, options=BuildOptions("tensorrt")
    )
    manifest = read_artifact(out).manifest
    card = cuda_devices()[0]
    assert (manifest.hardware["card"], manifest.hardware["compute_capability"]) == (card.name, card.compute_capability)
    runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
    for graph, entry in manifest.graphs.items():
        assert entry.precision_found == precision
        engine = runtime.deserialize_cuda_engine((out / entry.file).read_bytes())
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        assert set(names) == {spec.name for spec in (*entry.inputs, *entry.outputs)}, graph
