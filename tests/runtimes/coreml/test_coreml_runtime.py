"""Core ML packages: the saved file is interpreted, so every damage to it shows in the results."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("coremltools")
pytest.importorskip("onnxsim")

from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.artifact.coreml_file import MODEL, WEIGHTS, package_precision  # noqa: E402
from f2p_deploy.export import Faces, export_bundle  # noqa: E402
from f2p_deploy.export.export_graphs import exportable_graphs  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.runtimes.coreml.coreml_runtime import swift_name  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.system.errors import FloorMissed, InputError  # noqa: E402

#: Where an export gets its graphs from.
GRAPHS = "f2p_deploy.export.export_graphs.exportable_graphs"


@pytest.fixture(scope="module")
def artifact(
    small_bundle: Bundle, small_faces: Faces, tmp_path_factory: pytest.TempPathFactory, module_patch: pytest.MonkeyPatch
) -> Artifact:
    """`one_shot` and `render` of the small bundle as packages."""
    module_patch.setattr(
        GRAPHS, lambda *given: tuple(exportable_graphs(*given)[i] for i in (0, 2))
    )
    return export_bundle(small_bundle, "coreml", tmp_path_factory.mktemp("coreml") / "artifact", faces=small_faces)


@pytest.fixture(scope="module")
def module_patch() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def broken(artifact: Artifact, tmp_path: Path) -> Callable[..., Artifact]:
    """Copies the artifact and changes one package's model; the files are not checked again."""
    from coremltools.proto import Model_pb2

    def make(graph: str, change: Callable[[Any], None]) -> Artifact:
        folder = tmp_path / "broken"
        shutil.copytree(artifact.folder, folder)
        path = folder / f"{graph}.mlpackage" / MODEL
        spec = Model_pb2.Model()
        spec.ParseFromString(path.read_bytes())
        change(spec)
        path.write_bytes(spec.SerializeToString())
        return Artifact(folder, artifact.manifest)

    return make


def operations(spec: Any) -> list[Any]:
    return next(iter(spec.mlProgram.functions["main"].block_specializations.values())).operations


def difference(found: Artifact, graph: str) -> float:
    """Return how far a graph's output is from PyTorch's on its golden input."""
    golden, entry = found.golden(), found.manifest.graphs[graph]
    given = {spec.name: golden[f"{graph}.{spec.name}"][:1] for spec in entry.inputs}
    (output,) = entry.outputs
    made = load(found, "coreml").compute(graph, given)[output.name]
    return float(np.abs(made - golden[f"{graph}.{output.name}"][:1]).max())


def test_saved_packages_compute_what_pytorch_does(artifact: Artifact) -> None:
    manifest = read_artifact(artifact.folder).manifest
    assert (manifest.parity_status, manifest.verified) == ("passed", "reference")
    assert "reference interpreter of Core ML packages" in manifest.verified_with
    assert manifest.hardware["built_for"] == "iOS 17 and later" and manifest.tools["coremltools"].startswith("9.")
    for graph, entry in manifest.graphs.items():
        assert entry.file == f"{graph}.mlpackage" and entry.precision_found == "fp16"
        assert {f"{entry.file}/Manifest.json", f"{entry.file}/{MODEL.as_posix()}"} <= set(manifest.files)
        assert difference(artifact, graph) < 5e-3


def test_a_face_is_a_picture_and_names_are_swifts(artifact: Artifact) -> None:
    import coremltools

    spec = coremltools.models.utils.load_spec(str(artifact.path("one_shot")))
    (face,) = spec.description.input
    assert face.name == "face" and face.type.imageType.colorSpace == face.type.imageType.RGB
    assert (face.type.imageType.width, face.type.imageType.height) == (128, 128)
    assert "aligned face" in face.shortDescription
    (parameters,) = spec.description.output
    assert parameters.type.multiArrayType.dataType == parameters.type.multiArrayType.FLOAT32
    metadata = spec.description.metadata
    assert metadata.author == "f2p-deploy" and "eye.tx" in metadata.userDefined["parameters"]
    assert [swift_name(n) for n in ("face", "next_state", "learning_rate")] == ["face", "nextState", "learningRate"]
    assert swift_name("state") == "currentState"


def test_the_same_bundle_makes_the_same_bytes(
    artifact: Artifact, small_bundle: Bundle, small_faces: Faces, tmp_path: Path, module_patch: pytest.MonkeyPatch
) -> None:
    again = export_bundle(small_bundle, "coreml", tmp_path / "again", faces=small_faces)
    packages = [name for name in artifact.manifest.files if ".mlpackage/" in name]
    assert len(packages) == 6
    assert [again.manifest.files[name] for name in packages] == [artifact.manifest.files[name] for name in packages]


def test_a_scale_applied_twice_shows(broken: Callable[..., Artifact], artifact: Artifact) -> None:
    def twice(spec: Any) -> None:
        numbers = [
            op.attributes["val"].immediateValue.tensor.floats.values for op in operations(spec) if op.type == "const"
        ]
        (scale,) = [values for values in numbers if list(values) == [np.float32(1 / 255)]]
        scale[0] = 1 / 255**2

    assert difference(broken("one_shot", twice), "one_shot") > 10 * difference(artifact, "one_shot")


def test_colours_in_the_wrong_order_show(broken: Callable[..., Artifact], artifact: Artifact) -> None:
    def swap(spec: Any) -> None:
        kind = spec.description.input[0].type.imageType
        kind.colorSpace = kind.BGR

    assert difference(broken("one_shot", swap), "one_shot") > 10 * difference(artifact, "one_shot")


def test_an_overflow_shows(broken: Callable[..., Artifact]) -> None:
    def swell(spec: Any) -> None:
        biases = [op for op in operations(spec) if op.type == "const" and "bias" in op.outputs[0].name]
        for op in biases:
            tensor = op.attributes["val"].immediateValue.tensor
            if tensor.bytes.values:
                count = len(tensor.bytes.values) // 2
                tensor.bytes.values = np.full(count, 60000, np.float16).tobytes()

    try:  # infinite values may end as NaN, or in a sigmoid
        assert difference(broken("render", swell), "render") > 0.1
    except FloorMissed as error:
        assert "render computed NaN or infinite values in image with coreml" in str(error)


def test_weights_read_from_the_wrong_place_show(broken: Callable[..., Artifact]) -> None:
    def shift(spec: Any) -> None:
        stored = [op for op in operations(spec) if op.attributes["val"].HasField("blobFileValue")]
        first, second = (op.attributes["val"].blobFileValue for op in stored[:2])
        first.offset = second.offset

    found = broken("render", shift)
    try:
        assert difference(found, "render") > 5e-3
    except InputError as error:
        assert "render.mlpackage cannot be read" in str(error)


def test_a_renamed_output_is_named(broken: Callable[..., Artifact]) -> None:
    def rename(spec: Any) -> None:
        block = next(iter(spec.mlProgram.functions["main"].block_specializations.values()))
        block.operations[-1].outputs[0].name = block.outputs[0] = "picture"
        spec.description.output[0].name = "picture"

    with pytest.raises(InputError, match="render.mlpackage gives picture, but no image: it is not the package that"):
        difference(broken("render", rename), "render")


def test_unknown_operators_missing_weights_and_other_files_are_refused(
    broken: Callable[..., Artifact], artifact: Artifact, tmp_path: Path
) -> None:
    def conjure(spec: Any) -> None:
        next(op for op in operations(spec) if op.type == "sigmoid").type = "gelu"

    with pytest.raises(InputError, match=r"render\.mlpackage (uses gelu, which|cannot be read)"):
        difference(broken("render", conjure), "render")
    package = tmp_path / "one.mlpackage"
    shutil.copytree(artifact.path("render"), package)
    shutil.rmtree(package / WEIGHTS)
    with pytest.raises(InputError, match=r"one\.mlpackage (cannot be read|is damaged)"):
        Program(package)
    (package / MODEL).write_bytes(b"\xff\xff\xff")
    with pytest.raises(InputError, match="one.mlpackage is damaged"):
        Program(package)
    with pytest.raises(InputError, match="is not a Core ML package"):
        Program(tmp_path)


def test_inputs_are_checked(artifact: Artifact) -> None:
    program = Program(artifact.path("render"))
    assert program.inputs == ("parameters",) and program.outputs == ("image",)
    assert program.operators()["conv_transpose"] == 6
    with pytest.raises(InputError, match="takes parameters of the shape .* found nothing"):
        program.compute({})
    assert package_precision(artifact.path("render"))[0] == "fp16"
