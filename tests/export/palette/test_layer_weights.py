"""Weights of layers as matrices, and back."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from f2p_deploy.export.palette.layer_weights import layer_weights, outputs_first  # noqa: E402


def model_of(kind: str, dims: tuple[int, ...], seed: int = 0, **attributes: int) -> "onnx.ModelProto":
    """A model of one layer with random weights."""
    weight = np.random.default_rng(seed).normal(size=dims).astype(np.float32)
    node = helper.make_node(kind, ["x", "w"], ["y"], "layer", **attributes)
    shape = [None] * max(len(dims), 2)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize(
    ("kind", "dims", "attributes", "rows"),
    [
        ("Conv", (32, 16, 3, 3), {}, 32),
        ("ConvTranspose", (64, 16, 4, 4), {}, 256),
        ("Gemm", (64, 128), {"transB": 1}, 64),
        ("Gemm", (64, 128), {}, 128),
        ("MatMul", (64, 128), {}, 128),
    ],
)
def test_a_weight_is_restored(kind: str, dims: tuple[int, ...], attributes: dict[str, int], rows: int) -> None:
    model = model_of(kind, dims, **attributes)
    (weight,) = layer_weights(model)
    assert weight.matrix.shape[0] == rows and rows % weight.channels == 0
    assert np.array_equal(weight.restored(weight.matrix), numpy_helper.to_array(model.graph.initializer[0]))


def test_what_is_no_weight_is_left_out() -> None:
    assert layer_weights(model_of("Conv", (4, 4, 3, 3))) == (), "small"
    assert outputs_first(model_of("Conv", (32, 16, 3, 3), group=2).graph.node[0]) is None
    mostly_zero = model_of("MatMul", (64, 128))
    values = numpy_helper.to_array(mostly_zero.graph.initializer[0]).copy()
    values[:, 1:] = 0.0
    mostly_zero.graph.initializer[0].CopyFrom(numpy_helper.from_array(values, "w"))
    assert layer_weights(mostly_zero) == ()
