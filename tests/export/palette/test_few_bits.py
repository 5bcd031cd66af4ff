"""Whole exports with weights of few bits: smaller, within the floors, and refused without a calibration set."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxsim")
pytest.importorskip("coremltools")

from f2p_deploy.export import Faces, export_bundle  # noqa: E402
from f2p_deploy.export.targets.target import BuildOptions  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes.verification import verify  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_a_calibration_set_is_needed(small_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="onnx-int4 is calibrated on real faces: f2p-deploy calibrate PHOTOS"):
        export_bundle(small_bundle, "onnx-int4", tmp_path / "out", faces=small_faces)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("target", "graphs"), [("onnx-int4", ("describe", "render")), ("coreml-int4", ("render",))])
def test_an_artifact_is_a_fraction_of_its_float32_size_and_passes(
    small_bundle: Bundle,
    small_faces: Faces,
    make_calibration_set: Callable[..., Path],
    tmp_path: Path,
    exporting: Callable,
    target: str,
    graphs: tuple[str, ...],
) -> None:
    options = BuildOptions(calibration=make_calibration_set(tmp_path / "calibration"))
    with exporting(*graphs):
        artifact = export_bundle(
            small_bundle, target, tmp_path / "out", faces=small_faces, trajectories=0, options=options
        )
    manifest = artifact.manifest
    assert manifest.parity_status == "passed" and manifest.calibration is not None
    assert verify(artifact.folder).measured.parity_status == "passed"
    for graph, facts in manifest.calibration["graphs"].items():
        assert manifest.graphs[graph].precision_asked == manifest.graphs[graph].precision_found == "int4"
        assert facts["quantised"] == sum(facts["bits"].values()) > 0 and 3.0 < facts["bits_per_weight"] < 9.0
