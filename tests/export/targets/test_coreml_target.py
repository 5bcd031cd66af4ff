"""The Core ML targets: their options, their errors, and the space that 8-bit weights save."""

from pathlib import Path

import pytest

pytest.importorskip("coremltools")
pytest.importorskip("onnxsim")

from f2p_deploy.export import BuildOptions, Faces, export_bundle, plan_export  # noqa: E402
from f2p_deploy.export.export_graphs import exportable_graphs  # noqa: E402
from f2p_deploy.export.targets import TARGETS  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402
from f2p_deploy.system.extras import EXTRAS  # noqa: E402

#: Where an export gets its graphs from.
GRAPHS = "f2p_deploy.export.export_graphs.exportable_graphs"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_8_bit_weights_are_read_back_and_halve_the_package(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GRAPHS, lambda *given: exportable_graphs(*given)[2:3])
    targets = ("coreml", "coreml-int8")
    whole, rounded = (export_bundle(small_bundle, name, tmp_path / name, faces=small_faces) for name in targets)
    entry = rounded.manifest.graphs["render"]
    assert (entry.precision_asked, entry.precision_found) == ("int8", "int8")
    assert rounded.manifest.parity_status == "passed" and rounded.manifest.calibration is None
    weights = [path / "render.mlpackage" / "Data" for path in (whole.folder, rounded.folder)]
    assert size(weights[1]) < 0.7 * size(weights[0])
    (worst,) = [record for record in rounded.manifest.parity if record.graph == "render"]
    (before,) = [record for record in whole.manifest.parity if record.graph == "render"]
    assert worst.value < before.value, "rounded weights draw a little worse, and that is measured"


def test_more_than_one_face_is_no_picture(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import coremltools

    monkeypatch.setattr(GRAPHS, lambda *given: exportable_graphs(*given)[:1])
    options = BuildOptions(ios="16")
    made = export_bundle(small_bundle, "coreml", tmp_path / "two", batch=2, faces=small_faces, options=options)
    assert made.manifest.parity_status == "passed" and made.manifest.hardware["built_for"] == "iOS 16 and later"
    spec = coremltools.models.utils.load_spec(str(made.path("one_shot")))
    assert list(spec.description.input[0].type.multiArrayType.shape) == [2, 3, 128, 128]
    assert spec.specificationVersion == 7, "that of iOS 16"


def test_unknown_releases_and_options_of_others_are_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--ios takes 16, 17, 18, 26, found '15'"):
        plan_export(small_bundle, "coreml", tmp_path / "out", options=BuildOptions(ios="15"))
    with pytest.raises(InputError, match="onnx does not take --ios, only coreml, coreml-int8, coreml-int4: leave"):
        plan_export(small_bundle, "onnx", tmp_path / "out", options=BuildOptions(ios="17"))
    with pytest.raises(InputError, match="coreml-int8 does not take --calibration"):
        plan_export(small_bundle, "coreml-int8", tmp_path / "out", options=BuildOptions(calibration=tmp_path))


def test_what_every_export_needs_is_asked_for_first(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXTRAS, "export", ("numpy", "no_such_exporter"))
    with pytest.raises(MissingDependency, match=r"'coreml' needs no_such_exporter.*pip install.*\[export\]"):
        plan_export(small_bundle, "coreml", tmp_path / "out")
    assert "no_such_exporter" in TARGETS["coreml"].why_not_here()
    monkeypatch.undo()
    monkeypatch.setitem(EXTRAS, "coreml", ("no_such_tools",))
    with pytest.raises(MissingDependency, match=r"'coreml' needs no_such_tools.*pip install.*\[coreml\]"):
        plan_export(small_bundle, "coreml", tmp_path / "out")


def test_the_plan_names_the_compiler_and_the_files(small_bundle: Bundle, tmp_path: Path) -> None:
    plan = plan_export(small_bundle, "coreml", tmp_path / "out", options=BuildOptions(ios="18"))
    assert plan.compiler.startswith("coremltools 9") and plan.verified == "reference"
    assert plan.graphs["step"].file == "graphs.mlpackage" and "--ios 18" in plan.command
    assert plan_export(small_bundle, "coreml", tmp_path / "out").graphs["step"].file == "step.mlpackage"


def test_from_ios_18_on_all_graphs_lie_in_one_package(
    small_bundle: Bundle, small_faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.artifact.inspection import inspect_path
    from f2p_deploy.runtimes.verification import verify

    monkeypatch.setattr(GRAPHS, lambda *given: exportable_graphs(*given)[0:3:2])
    made = export_bundle(
        small_bundle, "coreml", tmp_path / "out", faces=small_faces, options=BuildOptions(ios="18")
    )
    assert {name: entry.file for name, entry in made.manifest.graphs.items()} == {
        "one_shot": "graphs.mlpackage",
        "render": "graphs.mlpackage",
    }
    assert made.manifest.parity_status == "passed" and made.manifest.verified == "reference"
    assert verify(tmp_path / "out").measured.parity_status == "passed"
    found = inspect_path(tmp_path / "out")["graphs"]
    assert found["render"]["contents"]["operators"] != found["one_shot"]["contents"]["operators"]
    assert found["render"]["contents"]["weights"]["fp16"]["tensors"] > 0
