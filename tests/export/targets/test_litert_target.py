"""The LiteRT targets: what they take, and what is said where the converter is missing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.export import BuildOptions, Faces, export_bundle, plan_export  # noqa: E402
from f2p_deploy.export.targets import TARGETS, litert_target  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402


def has_converter() -> bool:
    return not litert_target.why_not_installed(litert_target.CONVERTER)


@pytest.mark.skipif(has_converter(), reason="litert-torch is installed here")
def test_the_missing_converter_is_named_before_anything_is_written(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="litert-torch is missing: .*pip install .*--converter-python"):
        export_bundle(small_bundle, "litert", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert "litert-torch" in TARGETS["litert"].why_not_here()


def test_the_runtime_that_will_measure_is_asked_for_first() -> None:
    assert TARGETS["litert"].build_extras == TARGETS["litert-int8"].build_extras == ("export", "litert")


def test_only_converted_targets_take_a_python(small_bundle: Bundle, tmp_path: Path) -> None:
    options = BuildOptions(converter_python=tmp_path / "python")
    with pytest.raises(InputError, match="--converter-python, only litert, litert-int8, litert-int4"):
        plan_export(small_bundle, "onnx", tmp_path / "out", options=options)
    with pytest.raises(InputError, match="names a Python's file"):
        plan_export(small_bundle, "litert", tmp_path / "out", options=options)


def test_4_bits_are_chosen_on_real_faces(small_bundle: Bundle, tmp_path: Path) -> None:
    options = BuildOptions(converter_python=Path(sys.executable))
    versions = dict.fromkeys(("litert-torch", "torch"), torch.__version__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(litert_target, "versions_of", lambda *given: versions)
        with pytest.raises(InputError, match="litert-int4 is calibrated on real faces: f2p-deploy calibrate PHOTOS"):
            plan_export(small_bundle, "litert-int4", tmp_path / "out", options=options)


def test_exported_graphs_pass(small_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    pytest.importorskip("litert_torch")
    from f2p_deploy.export.export_graphs import exportable_graphs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "f2p_deploy.export.export_graphs.exportable_graphs", lambda *given: exportable_graphs(*given)[2:3]
        )
        artifact = export_bundle(small_bundle, "litert", tmp_path / "out", faces=small_faces)
    assert artifact.manifest.parity_status == "passed" and artifact.manifest.verified == "runtime"


def test_weights_of_4_bits_pass(
    small_bundle: Bundle,
    small_faces: Faces,
    make_calibration_set: Callable[..., Path],
    exporting: Callable,
    tmp_path: Path,
) -> None:
    pytest.importorskip("litert_torch")
    options = BuildOptions(calibration=make_calibration_set(tmp_path / "calibration"))
    with exporting("describe"):
        artifact = export_bundle(
            small_bundle, "litert-int4", tmp_path / "out", faces=small_faces, trajectories=0, options=options
        )
    manifest = artifact.manifest
    assert manifest.parity_status == "passed" and manifest.calibration is not None
    facts = manifest.calibration["graphs"]["describe"]
    assert facts["quantised"] == sum(facts["bits"].values()) > 0 and 4.0 <= facts["bits_per_weight"] <= 8.0
