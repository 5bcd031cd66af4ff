"""The export in 8 bits as a whole, on a small bundle: calibration, verdicts, records and errors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.onnx_file import layers_in_8_bits, read_structure
from f2p_deploy.export import BuildOptions, Faces, export_bundle, plan_export
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.verification import verify
from f2p_deploy.system.errors import InputError

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def exported(
    small_bundle: Bundle,
    small_faces: Faces,
    make_calibration_set: Make,
    tmp_path_factory: pytest.TempPathFactory,
    exporting: Callable,
) -> Artifact:
    """All graphs but `step`, which stays float as `segment` does and takes longest."""
    folder = tmp_path_factory.mktemp("int8")
    options = BuildOptions(calibration=make_calibration_set(folder / "calibration"))
    with pytest.MonkeyPatch.context() as patch, exporting("one_shot", "describe", "render", "segment"):
        patch.setattr("f2p_deploy.export.timing.ROUNDS", 3)  # no time is judged
        return export_bundle(
            small_bundle, "onnx-int8", folder / "artifact", faces=small_faces, trajectories=0, options=options
        )


def test_the_artifact_says_how_it_was_calibrated(exported: Artifact) -> None:
    manifest = exported.manifest
    assert manifest.parity_status == "passed"
    facts = manifest.calibration
    assert facts is not None and facts["faces"] == 64 and len(facts["hash"]) == 64 and facts["running"] == "measured"
    assert set(facts["graphs"]) == set(facts["verdict"]) == {"one_shot", "describe", "render"}
    for graph, entry in manifest.graphs.items():
        layers = layers_in_8_bits(read_structure(exported.path(graph)))
        if graph == "segment":
            assert (entry.precision_asked, entry.precision_found, layers) == ("fp32", "fp32", ())
            continue
        found = facts["graphs"][graph]
        assert entry.precision_asked == entry.precision_found == ("int8" if layers else "fp32")
        assert found["method"] in ("min-max", "percentile", "mse", "entropy")
        assert found["quantised"] + len(found["kept"]) == found["of"] and found["measured"] >= 48
        assert entry.kept_float32 == tuple(found["kept"]) and not set(layers) & set(entry.kept_float32)
    assert "--calibration" in manifest.command

    report = json.loads((exported.folder / "int8.json").read_text())
    assert [graph["graph"] for graph in report["graphs"]] == ["one_shot", "describe", "render"]
    for graph in report["graphs"]:
        assert len(graph["layers"]) == facts["graphs"][graph["graph"]]["of"]
        assert all(layer["int8_ms"] > 0 for layer in graph["layers"])
        # One layer chooses options only, so that the controllers of `one_shot` can be those of float32 to the last bit.
        unmoved = [layer["name"] for layer in graph["layers"] if not layer["error"] > 0]
        assert len(unmoved) <= (graph["graph"] == "one_shot"), unmoved
        counts = [point["layers"] for point in graph["curve"]]
        assert counts[0] == len(graph["layers"]) and counts[-1] == 0 and counts == sorted(counts, reverse=True)
        assert graph["curve"][-1]["share"] < 1e-3, "nothing in 8 bits is nearly PyTorch"
    assert "What 8 bits cost" in (exported.folder / "int8.html").read_text()


def test_it_is_smaller_and_runs_where_float_artifacts_do(exported: Artifact, small_faces: Faces) -> None:
    for verdict in exported.manifest.calibration["verdict"].values():
        assert verdict["quantised"] > 0 and verdict["weight_bytes"] < 0.75 * verdict["twin_bytes"]
        assert verdict["ms"] > 0 and verdict["twin_ms"] > 0
    assert verify(exported.folder).measured.parity_status == "passed"
    pytest.importorskip("openvino")
    from f2p_deploy.runtimes.openvino_runtime import adds_bytes_exactly

    runtime = load(exported, "openvino")
    outputs = runtime.one_shot(small_faces.images[:1])
    reference = load(exported, "onnxruntime").one_shot(small_faces.images[:1])
    assert abs(outputs - reference).max() < 0.03
    in_8_bits = any(word in runtime.describe_device() for word in ("i8", "u8"))
    assert in_8_bits == adds_bytes_exactly(), runtime.describe_device()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "onnx-int8 is calibrated on real faces: f2p-deploy calibrate PHOTOS -o CALIBRATION makes a calibration"),
        ({"keep_float": ("rendr",)}, r"--keep-float takes one_shot, describe, render, found 'rendr'\. Did you mean"),
        ({"keep_float": ("one_shot", "describe", "render")}, "--keep-float names every graph, so onnx-int8 has none"),
        ({"calibration": Path("nowhere")}, "nowhere is not a calibration set: there is no such folder"),
    ],
)
def test_what_is_missing_is_said_before_anything_slow(
    small_bundle: Bundle, tmp_path: Path, options: dict, message: str
) -> None:
    for act in (plan_export, export_bundle):
        with pytest.raises(InputError, match=message):
            act(small_bundle, "onnx-int8", tmp_path / "int8", options=BuildOptions(**options))
    assert list(tmp_path.iterdir()) == []
