"""Layers cut out of a graph: each of them runs alone, in float32 and in 8 bits."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.export.calibration.ranges import Range
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, layers_of, to_int8, values_of
from f2p_deploy.export.int8.layer_times import layer_times


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "bias"], ["seen"], name="see", pads=[1] * 4),
        helper.make_node("Relu", ["seen"], ["light"], name="light"),
        helper.make_node("ConvTranspose", ["light", "grow"], ["big"], name="grow", strides=[2, 2], pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["big"], ["mean"], name="mean"),
        helper.make_node("Flatten", ["mean"], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "matrix"], ["y"], name="product", transB=1),
    ]
    shapes = {"kernel": (8, 8, 3, 3), "bias": (8,), "grow": (8, 8, 4, 4), "matrix": (4, 8)}
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8, 32, 32))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4))],
        [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in shapes.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return onnx.shape_inference.infer_shapes(made, strict_mode=True)


def test_every_layer_has_two_times(model: onnx.ModelProto) -> None:
    layers = layers_of(model, FOR_PROCESSORS)
    ranges = {value: Range(3.0, value != "light") for value in values_of(model, layers, FOR_PROCESSORS)}
    times = layer_times(model, to_int8(model, layers, ranges, FOR_PROCESSORS), layers)
    assert list(times) == ["see", "grow", "product"]
    assert all(before > 0 and after > 0 for before, after in times.values())
    assert times["grow"][0] > times["product"][0], "the large layer, not the whole graph before it"
