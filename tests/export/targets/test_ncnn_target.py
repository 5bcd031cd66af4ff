"""The ncnn target: graphs without a gradient, one face at a time."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pnnx")
pytest.importorskip("ncnn")
pytest.importorskip("onnxsim")

from f2p_deploy.export import Faces, export_bundle, plan_export  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes import load, search  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_graphs_without_a_gradient_are_exported_and_pass(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path
) -> None:
    plan = plan_export(small_bundle, "ncnn", tmp_path / "out")
    assert list(plan.graphs) == ["one_shot", "describe", "render", "segment"]
    artifact = export_bundle(small_bundle, "ncnn", tmp_path / "out", faces=small_faces)
    assert artifact.manifest.parity_status == "passed" and artifact.manifest.verified == "runtime"
    assert set(artifact.manifest.graphs) == set(plan.graphs)
    files = {f"{graph}.ncnn.{kind}" for graph in plan.graphs for kind in ("param", "bin")}
    assert files <= set(artifact.manifest.files)
    with pytest.raises(InputError, match="needs the graph 'step'.*to a target that has it"):
        search.generate(load(artifact), np.zeros((512, 512, 3), np.uint8), "iterative")


def test_batches_are_refused(small_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ncnn computes one face at a time, and --batch 2 was asked for"):
        export_bundle(small_bundle, "ncnn", tmp_path / "out", batch=2, faces=small_faces)
    assert not (tmp_path / "out").exists()
