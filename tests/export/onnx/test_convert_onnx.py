"""The ONNX of a graph: portable, folded, without traces of this machine, and with unchanged outputs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.onnx_file import operators, precision_of
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.onnx.convert_onnx import OPSET, _require_folded, _require_unchanged, to_onnx
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.errors import CompilerError

X = TensorSpec("x", "float32", (2, 3), "numbers")
INPUTS = {"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32)}


def graph_of(module: torch.nn.Module, shape: tuple[int, ...] = (2, 3)) -> ExportGraph:
    return ExportGraph("toy", module.eval(), (X,), (TensorSpec("y", "float32", shape, "numbers"),))


def scaled(by: float) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "by"], ["y"])],
        "toy",
        [value("x", TensorProto.FLOAT, (2, 3))],
        [value("y", TensorProto.FLOAT, (2, 3))],
        [numpy_helper.from_array(np.array(by, np.float32), "by")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


@pytest.fixture(scope="module", params=["one_shot", "describe", "render", "step"])
def exported(small_artifact: Path, request: pytest.FixtureRequest) -> onnx.ModelProto:
    return onnx.load(small_artifact / f"{request.param}.onnx")


def test_opset_names_and_static_shapes(exported: onnx.ModelProto) -> None:
    assert [(entry.domain, entry.version) for entry in exported.opset_import] == [("", OPSET)]
    for tensor in (*exported.graph.input, *exported.graph.output):
        assert all(dim.dim_value > 0 and not dim.dim_param for dim in tensor.type.tensor_type.shape.dim), tensor.name


def test_batch_norms_are_folded(exported: onnx.ModelProto) -> None:
    assert "BatchNormalization" not in operators(exported)


def test_nothing_of_this_machine_is_left(exported: onnx.ModelProto, small_artifact: Path) -> None:
    content = exported.SerializeToString()
    for trace in (b"stack_trace", b"f2p_deploy/", b".py", str(Path.cwd()).encode()):
        assert trace not in content


def test_an_operator_that_onnx_has_not_is_a_compiler_error() -> None:
    class Unsupported(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.eigvals(x[:, :2]).real

    with pytest.raises(CompilerError, match="cannot export toy to ONNX; --verbose shows what it said$"):
        to_onnx(graph_of(Unsupported(), (2,)), INPUTS)


def test_a_changed_result_is_a_compiler_error() -> None:
    graph = graph_of(torch.nn.Identity())
    _require_unchanged(graph, scaled(2.0), scaled(2.0), INPUTS)
    with pytest.raises(CompilerError, match=r"simplifying changed y of toy by 0\.001"):
        _require_unchanged(graph, scaled(2.0), scaled(2.002), INPUTS)


def test_an_unfolded_batch_norm_is_a_compiler_error(small_artifact: Path) -> None:
    model = onnx.load(small_artifact / "render.onnx")
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type = "BatchNormalization"
    with pytest.raises(CompilerError, match="was not folded into the ConvTranspose"):
        _require_folded(replace(graph_of(torch.nn.Identity()), name="render"), model)


@pytest.mark.parametrize(
    ("dtypes", "found"), [("f", "fp32"), ("e", "fp16"), ("b", "int8"), ("fe", "mixed"), ("", "mixed")]
)
def test_precision_is_that_of_the_weights(dtypes: str, found: str) -> None:
    model = scaled(1.0)  # its scalar is float32 whatever the weights are
    for i, dtype in enumerate(dtypes):
        model.graph.initializer.append(numpy_helper.from_array(np.ones((2, 3), dtype), f"w{i}"))
        model.graph.node.append(helper.make_node("Identity", [f"w{i}"], [f"v{i}"], f"node{i}"))
    assert precision_of(model) == found


def test_weights_of_nodes_that_stay_float32_are_not_asked() -> None:
    model = scaled(1.0)
    for name, dtype in (("half", "e"), ("kept", "f")):
        model.graph.initializer.append(numpy_helper.from_array(np.ones((2, 3), dtype), f"{name}.weight"))
        model.graph.node.append(helper.make_node("Identity", [f"{name}.weight"], [f"{name}.value"], name))
    assert precision_of(model, ("kept",)) == "fp16"
    assert precision_of(model, ("half",)) == "fp32"
    assert precision_of(model) == "mixed"


def test_folding_that_changes_a_result_is_a_compiler_error() -> None:
    class Apart(torch.nn.Module):
        """The batch norm stands behind the convolution, but is not called after it."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 1, 1)
            self.norm = torch.nn.BatchNorm2d(1)
            self.norm.running_mean.fill_(3.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(self.norm(x[:, None, None]).relu())[:, 0, 0]

    with pytest.raises(CompilerError, match="folding batch norms changed y of toy by"):
        to_onnx(graph_of(Apart()), INPUTS)


class ZeroPadded(torch.nn.Module):
    """Zeros at the edge that win over the negative numbers beside them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.max_pool2d(torch.nn.functional.pad(x, (1, 1, 1, 1)), 3, 2)


def test_zeros_before_a_max_pool_stay_zeros() -> None:
    x = -1.0 - np.random.default_rng(0).random((1, 2, 6, 6), np.float32)
    given, made = (TensorSpec(name, "float32", shape, "") for name, shape in (("x", x.shape), ("y", (1, 2, 3, 3))))
    model = to_onnx(ExportGraph("toy", ZeroPadded().eval(), (given,), (made,)), {"x": x})
    assert {"Pad", "MaxPool"} <= operators(model).keys()
    (found,) = open_session(model.SerializeToString()).run(["y"], {"x": x})
    expected = ZeroPadded()(torch.from_numpy(x)).numpy()
    assert (expected == 0).any() and (expected < 0).any()
    np.testing.assert_array_equal(found, expected)
