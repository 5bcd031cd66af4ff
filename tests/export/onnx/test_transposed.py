"""A transposed convolution written as convolutions computes the same."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.export.onnx.transposed import splittable, with_convolutions
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session


def model(rectified: bool = True, bias: bool = True, **window: list[int]) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    window = {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1, 1, 1, 1]} | window
    weights = {"kernel": rng.normal(size=(5, 3, 4, 4)), "bias": rng.normal(size=3)}
    names = ["x", "kernel", *(["bias"] if bias else [])]
    nodes = [helper.make_node("ConvTranspose", names, ["made"], name="grow", **window)]
    nodes.append(helper.make_node("Relu" if rectified else "Sigmoid", ["made"], ["y"], name="end"))
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (2, 5, 6, 7))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(made: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    return open_session(made.SerializeToString()).run(["y"], {"x": x})[0]


@pytest.mark.parametrize("rectified", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_the_same_picture_comes_out(rectified: bool, bias: bool) -> None:
    before = model(rectified, bias)
    split = with_convolutions(before, ["grow"])
    x = np.random.default_rng(1).normal(size=(2, 5, 6, 7)).astype(np.float32)
    assert run(before, x).shape == (2, 3, 12, 14)
    np.testing.assert_allclose(run(split.model, x), run(before, x), atol=1e-5)
    operators = [node.op_type for node in split.model.graph.node]
    assert operators.count("Conv") == 4 and "ConvTranspose" not in operators
    assert operators.count("Relu") == (4 if rectified else 0), "the ReLU moves in front of the interleaving"
    assert split.parts == {f"grow.{row}{column}": "grow" for row in "01" for column in "01"}
    assert set(split.alike.values()) == {"y" if rectified else "made"} and len(split.alike) == 4
    weights = [weight for weight in split.model.graph.initializer if len(weight.dims) == 4]
    assert sum(np.prod(weight.dims) for weight in weights) == 5 * 3 * 16, "no multiplication by zero"


def test_others_stay_as_they_are() -> None:
    before = model()
    assert with_convolutions(before, []).model.graph.node == before.graph.node


@pytest.mark.parametrize(
    "window",
    [
        {"strides": [1, 1]},
        {"pads": [0, 0, 0, 0]},
        {"output_padding": [1, 1]},
        {"dilations": [2, 2]},
        {"output_shape": [13, 15]},
    ],
)
def test_other_windows_cannot_be_written_so(window: dict[str, list[int]]) -> None:
    (node, _) = model(**window).graph.node
    assert not splittable(node, (5, 3, 4, 4))
    assert splittable(model().graph.node[0], (5, 3, 4, 4)) and not splittable(model().graph.node[0], (5, 3, 3, 3))
