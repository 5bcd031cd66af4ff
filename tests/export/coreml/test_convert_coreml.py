"""Core ML packages: the operators that stay float32, and a step that reads the caller's float32 inputs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("coremltools")

from f2p_deploy.artifact.parity import compare  # noqa: E402
from f2p_deploy.export import Faces  # noqa: E402
from f2p_deploy.export.coreml.convert_coreml import computes_in_half, to_coreml  # noqa: E402
from f2p_deploy.export.export_graphs import ExportGraph, exportable_graphs  # noqa: E402
from f2p_deploy.export.samples import sample_graphs  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes.coreml.coreml_runtime import swift_name  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.system.errors import CompilerError  # noqa: E402


def value(*shape: int, maker: str | None = "conv") -> Any:
    return SimpleNamespace(shape=shape, op=None if maker is None else SimpleNamespace(op_type=maker))


def operation(kind: str, *outputs: Any, **inputs: Any) -> Any:
    return SimpleNamespace(op_type=kind, inputs=inputs, outputs=outputs)


@pytest.mark.parametrize(
    ("made", "half"),
    [
        (operation("conv", value(1, 8, 4, 4), x=value(1, 8, 4, 4), weight=value(8, 8, 3, 3, maker="const")), True),
        (operation("add", value(1, 8), x=value(1, 8), y=value(1, 8)), False),
        (operation("mul", value(1, 8, 4, 4), x=value(1, 8, 4, 4), y=value(maker="const")), True),
        (operation("reduce_mean", value(1, 8, 1, 1), x=value(1, 8, 4, 4)), True),
        (operation("reduce_mean", value(1, 8, 1, 1), x=value(1, 8, 16, 16)), False),
        (operation("sub", value(1, 8, 4, 4), x=value(1, 8, 4, 4, maker=None), y=value(1, 8, 4, 4)), False),
        (operation("linear", value(1, 8), x=value(1, 8), weight=value(8, 8, maker="const")), False),
        (operation("linear", value(1, 512), x=value(1, 512), weight=value(512, 512, maker="const")), True),
        (operation("concat", value(1, 16, 4, 4), values=(value(1, 8, 4, 4), value(1, 8, 4, 4))), True),
    ],
    ids=lambda case: case if isinstance(case, bool) else case.op_type,
)
def test_some_operators_stay_float32(made: Any, half: bool) -> None:
    assert computes_in_half(made) is half


def test_the_step_computes_from_its_file(small_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    graphs = exportable_graphs(small_bundle)
    samples = sample_graphs(small_bundle, graphs, small_faces)["step"].first(3)
    given = samples.first_batch(1)
    to_coreml(graphs[3], given, tmp_path / "step.mlpackage", "fp32", "17", 1.0, {"made": "here"})
    program = Program(tmp_path / "step.mlpackage")
    assert program.inputs == (
        *("currentState", "before", "identity", "content", "locked"),
        *("learningRate", "momentum", "beta", "discreteRate"),
    )
    found: dict[str, list[np.ndarray]] = {"next_state": [], "loss": [], "lookahead": []}
    for row in range(3):
        inputs = {
            swift_name(name): array if name in samples.shared else array[row : row + 1]
            for name, array in samples.inputs.items()
        }
        outputs = program.compute(inputs)
        for name, rows in found.items():
            rows.append(outputs[swift_name(name)])
    outputs = {name: np.concatenate(rows) for name, rows in found.items()}
    records = compare("step", samples.reference, outputs, samples.names, "fp32", small_bundle.schema, samples.inputs)
    assert all(record.passed for record in records), [record.sentence() for record in records]


def test_a_bundle_that_reads_photos_converts(surrogate_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    """The reader pools a stage of the segmentation network and averages both halves of a face."""
    graphs = exportable_graphs(surrogate_bundle)
    samples = sample_graphs(surrogate_bundle, graphs[:1], small_faces)["one_shot"].first(2)
    to_coreml(graphs[0], samples.first_batch(1), tmp_path / "one.mlpackage", "fp32", "17", 1.0, {"made": "here"})
    program = Program(tmp_path / "one.mlpackage")
    pixels = np.rint(samples.inputs["face"] * 255).astype(np.float32)
    found = np.concatenate([program.compute({"face": face[None]})["parameters"] for face in pixels])
    np.testing.assert_allclose(found, samples.reference["parameters"], atol=5e-3)


def test_the_step_of_a_surrogate_s_search_converts(
    surrogate_bundle: Bundle, small_faces: Faces, tmp_path: Path
) -> None:
    """Cut locked entries out of the content at positions that the converter knows."""
    graphs = {graph.name: graph for graph in exportable_graphs(surrogate_bundle)}
    samples = sample_graphs(surrogate_bundle, (graphs["describe"], graphs["step"]), small_faces)["step"]
    to_coreml(graphs["step"], samples.first_batch(1), tmp_path / "step.mlpackage", "fp32", "17", 1.0, {})
    assert (tmp_path / "step.mlpackage").is_dir()


@pytest.mark.parametrize("name", ["one_shot", "step"])
def test_no_tensor_of_one_number_and_no_batch_norm_is_stored(name: str, coreml_folder: Path) -> None:
    operations = list(Program(coreml_folder / f"{name}.mlpackage").function.operations)
    constants = [made.outputs[0].val for made in operations if made.op_type == "const"]
    large = [np.asarray(value) for value in constants if np.size(value) >= 1024]
    repeated = sum(value.nbytes for value in large if (value == value.flat[0]).all())
    assert repeated <= 0.01 * sum(np.asarray(value).nbytes for value in large)
    assert not [made.name for made in operations if made.op_type == "batch_norm"]


def test_an_unknown_operator_is_a_compiler_error(small_bundle: Bundle, tmp_path: Path) -> None:
    import torch

    class Odd(torch.nn.Module):
        def forward(self, parameters: torch.Tensor) -> torch.Tensor:
            return torch.special.bessel_j0(parameters)

    render = exportable_graphs(small_bundle)[2]
    graph = ExportGraph("render", Odd(), render.inputs, render.outputs)
    example = {"parameters": np.zeros(render.inputs[0].shape, np.float32)}
    with pytest.raises(CompilerError, match="coremltools 9.* cannot convert render; --verbose shows"):
        to_coreml(graph, example, tmp_path / "render.mlpackage", "fp16", "17", 1.0, {})
    assert not list(tmp_path.iterdir())
