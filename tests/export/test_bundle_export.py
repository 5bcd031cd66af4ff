"""The export as a whole: its records are true, and after an error no files are left."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, read_artifact
from f2p_deploy.export import Faces, export_bundle
from f2p_deploy.export.bundle_export import _measure
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.samples import Samples, sample_graphs
from f2p_deploy.export.targets import TARGETS
from f2p_deploy.export.targets.target import Target, register_target
from f2p_deploy.export.trajectory import ITERATIONS
from f2p_deploy.model.bundle import Bundle, create_bundle, store_network
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.settings import BundleSettings, from_data
from f2p_deploy.model.shortcut_owner import described_by
from f2p_deploy.model.state import first_state
from f2p_deploy.system.errors import CompilerError, FloorMissed, InputError

#: Where an export gets its graphs from.
GRAPHS = "f2p_deploy.export.export_graphs.exportable_graphs"


@pytest.fixture
def measured(small_bundle: Bundle, small_faces: Faces) -> dict[str, Samples]:
    return sample_graphs(small_bundle, exportable_graphs(small_bundle), small_faces)


@pytest.fixture
def failing_target(monkeypatch: pytest.MonkeyPatch) -> str:
    """A target whose compiler fails at the second graph."""

    def build(sources, folder: Path, options, progress) -> dict[str, GraphEntry]:  # noqa: ANN001
        (folder / "one_shot.onnx").write_bytes(b"graph")
        raise CompilerError("the compiler failed")

    facts = {**vars(TARGETS["onnx"]), "name": "failing", "build": build}
    monkeypatch.setattr("f2p_deploy.export.targets.target.TARGETS", dict(TARGETS))
    register_target(Target(**facts))
    return "failing"


def test_the_manifest_tells_the_truth(small_artifact: Path, small_bundle: Bundle, small_faces: Faces) -> None:
    manifest = read_artifact(small_artifact).manifest
    assert (manifest.target, manifest.bundle, manifest.batch, manifest.image_size) == ("onnx", "small", 1, 128)
    assert manifest.bundle_fingerprint == small_bundle.fingerprint
    assert from_data(BundleSettings, manifest.settings, "settings") == small_bundle.settings
    assert manifest.first_state == tuple(first_state(small_bundle, 1)[0].tolist())
    assert manifest.graphs["step"].shared == ("locked", "learning_rate", "momentum", "beta", "discrete_rate")
    assert manifest.schema == json.loads(json.dumps(small_bundle.schema.to_dict()))
    assert tuple(manifest.graphs) == ("one_shot", "describe", "render", "step", "segment")
    assert {entry.precision_found for entry in manifest.graphs.values()} == {"fp32"}
    assert manifest.command.startswith("f2p-deploy export --target onnx -o ") and "--bundle" in manifest.command
    assert manifest.parity_status == "passed" and manifest.verified == "runtime"
    assert "onnxruntime" in manifest.verified_with
    metrics = {(record.graph, record.metric): record.samples for record in manifest.parity}
    faces, steps = len(small_faces.names), small_bundle.settings.iterative.iterations
    within = sum(i < steps for i in ITERATIONS)
    assert metrics == {
        ("one_shot", "controllers max abs difference"): faces,
        ("one_shot", "discrete arg-max agreement"): faces,
        ("describe", "cosine"): faces,
        ("describe", "relative L1 difference"): faces,
        ("render", "PSNR dB"): faces + 8,
        ("step", "cosine of the update"): faces + within,
        ("step", "relative length of the update"): faces + within,
        ("step", "relative difference"): faces + within,
        ("step", "max abs difference"): faces + within,
        ("step", f"max abs difference after {steps} steps"): 1,
        ("step", f"relative difference in {steps} steps"): 1,
        ("segment", "relative L1 difference"): faces,
    }


def test_the_graphs_really_depend_on_the_face(small_artifact: Path) -> None:
    golden = read_artifact(small_artifact).golden()
    for tensor in ("one_shot.parameters", "describe.identity", "describe.content", "render.image", "step.identity"):
        assert np.abs(golden[tensor][0] - golden[tensor][1]).max() > 1e-2, tensor


def test_a_changed_weight_misses_its_floor_and_is_named(
    small_artifact: Path, small_bundle: Bundle, measured: dict[str, Samples], tmp_path: Path
) -> None:
    artifact = read_artifact(small_artifact)
    for graph in artifact.manifest.graphs:
        model = onnx.load(artifact.path(graph))
        if graph == "render":
            bias = next(w for w in reversed(model.graph.initializer) if list(w.dims) == [3])
            bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.05), bias.name))
        onnx.save(model, tmp_path / f"{graph}.onnx")
    records, _, _ = _measure(Artifact(tmp_path, artifact.manifest), TARGETS["onnx"], measured, (), small_bundle)
    assert [record.graph for record in records if not record.passed] == ["render"]


def test_a_missed_floor_keeps_the_artifact_and_raises_on_request(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GRAPHS, lambda *given: exportable_graphs(*given)[:1])

    def build(sources, folder: Path, options, progress) -> dict[str, GraphEntry]:  # noqa: ANN001
        for weight in sources["one_shot"].model.graph.initializer:
            if len(weight.dims) == 4:
                weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(1.1), weight.name))
        return TARGETS["onnx"].build(sources, folder, options, progress)

    monkeypatch.setattr("f2p_deploy.export.targets.target.TARGETS", dict(TARGETS))
    register_target(Target(**{**vars(TARGETS["onnx"]), "name": "careless", "build": build}))
    artifact = export_bundle(small_bundle, "careless", tmp_path / "out", faces=small_faces, trajectories=0)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["parity"] == "failed"
    with pytest.raises(FloorMissed, match="one_shot: controllers max abs difference.*worst of 6: astronaut"):
        artifact.manifest.require_parity()


def test_a_failing_compiler_leaves_nothing_and_the_stages_are_told(
    small_bundle: Bundle, small_faces: Faces, failing_target: str, tmp_path: Path, exporting: Callable
) -> None:
    stages: list[str] = []
    with exporting("one_shot", "render"), pytest.raises(CompilerError, match="the compiler failed"):
        export_bundle(
            small_bundle, failing_target, tmp_path / "deep" / "out", 1, small_faces, stages.append, trajectories=0
        )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stages[:2] == ["networks", "reference outputs of PyTorch"]
    assert stages[2:] == ["one_shot: trace and simplify", "render: trace and simplify"]


def test_a_wrong_target_gets_a_suggestion(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no target named 'onx'. Did you mean 'onnx'?"):
        export_bundle(small_bundle, "onx", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_faces_of_another_size(small_bundle: Bundle, tmp_path: Path) -> None:
    faces = Faces(np.zeros((1, 3, 64, 64), np.float32), ("small",))
    with pytest.raises(InputError, match="takes faces of 128 pixels, found 64"):
        export_bundle(small_bundle, "onnx", tmp_path / "out", faces=faces)
    assert not list(tmp_path.iterdir())


def test_a_batch_of_two_is_measured_on_every_sample(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        GRAPHS, lambda bundle, batch: (exportable_graphs(bundle, batch)[2],)
    )
    artifact = export_bundle(small_bundle, "onnx", tmp_path / "out", batch=2, faces=small_faces)
    assert artifact.manifest.graphs["render"].inputs[0].shape == (2, small_bundle.schema.n)
    assert artifact.manifest.parity_status == "passed" and artifact.manifest.parity[0].samples == 8
    assert artifact.manifest.command.endswith("--batch 2")


def test_a_negative_number_of_trajectories(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="trajectories must not be negative, found -1"):
        export_bundle(small_bundle, "onnx", tmp_path / "out", trajectories=-1)


def test_a_step_with_another_gradient_misses_its_floor(
    small_artifact: Path, small_bundle: Bundle, measured: dict[str, Samples], tmp_path: Path
) -> None:
    """Max pooling that gives its gradient to the wrong place, or a lost branch, would look like this."""
    artifact = read_artifact(small_artifact)
    model = onnx.load(artifact.path("step"))
    sign = next(node for node in model.graph.node if node.op_type == "Sign")
    sign.op_type = "Abs"  # the L1 norm's gradient: |d| in place of sign(d)
    for graph in artifact.manifest.graphs:
        onnx.save(model if graph == "step" else onnx.load(artifact.path(graph)), tmp_path / f"{graph}.onnx")
    records, _, _ = _measure(Artifact(tmp_path, artifact.manifest), TARGETS["onnx"], measured, (), small_bundle)
    assert "cosine of the update" in [record.metric for record in records if not record.passed]


def test_eq_6_by_class_is_exported_and_its_shortcut_follows(
    fast_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("describe", "step_fast")  # tests/export/gradient/test_step.py has the gradient through the imitator
    monkeypatch.setattr(GRAPHS, lambda *given: tuple(one for one in exportable_graphs(*given) if one.name in names))
    similarity = replace(fast_bundle.settings.similarity, features="conv_2", weighting="class")
    settings = replace(fast_bundle.settings, similarity=similarity)
    bundle = create_bundle(tmp_path / "by-class", "by-class", fast_bundle.schema, settings)
    torch.manual_seed(3)
    for name in ("imitator", "recognition", "translator"):
        bundle = store_network(bundle, name, getattr(fast_bundle, name), {})
    bundle = store_network(bundle, "segmentation", build_network("segmentation", bundle.schema, settings), {})
    shortcut = build_network("shortcut", bundle.schema, settings)
    bundle = store_network(bundle, "shortcut", shortcut, {"described_by": described_by(bundle)})
    artifact = export_bundle(bundle, "onnx", tmp_path / "onnx", faces=small_faces, trajectories=0)
    assert {one.graph for one in artifact.manifest.parity} == set(names)
    assert all(one.passed for one in artifact.manifest.parity)
    assert artifact.manifest.graphs["describe"].outputs[1].shape == (1, 9 * 32, 8, 8)
