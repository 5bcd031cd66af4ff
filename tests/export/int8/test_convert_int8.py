"""Explicit quantisation: symmetric, one scale per channel, in forms that the runtimes' 8-bit kernels accept."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.artifact.onnx_file import layers_in_8_bits, precision_of
from f2p_deploy.export.calibration.histograms import observe
from f2p_deploy.export.calibration.ranges import Range, range_of
from f2p_deploy.export.int8.convert_int8 import (
    FOR_PROCESSORS,
    FOR_TENSORRT,
    Scheme,
    layers_of,
    quantised_name,
    to_int8,
    values_of,
)
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.errors import CompilerError

CHANNELS = 16


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """Picture to picture and vector: a convolution, a max-feature-map, a transposed convolution, a matrix product."""
    rng = np.random.default_rng(0)
    c = CHANNELS
    weights = {
        "first": rng.normal(size=(c, 3, 3, 3)) * 0.2,
        "kernel": rng.normal(size=(2 * c, c, 3, 3)) * 0.1,
        "bias": rng.normal(size=2 * c) * 0.1,
        "grow": rng.normal(size=(c, c, 4, 4)) * 0.1,
        "last": rng.normal(size=(c, c, 3, 3)) * 0.1,
        "matrix": rng.normal(size=(4, c)) * 0.3,
    }
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["seen"], name="see", pads=[1] * 4),
        helper.make_node("Relu", ["seen"], ["light"], name="light"),
        helper.make_node("Conv", ["light", "kernel", "bias"], ["both"], name="both", pads=[1] * 4),
        helper.make_node("Split", ["both"], ["left", "right"], name="split", axis=1, num_outputs=2),
        helper.make_node("Max", ["left", "right"], ["larger"], name="larger"),
        helper.make_node("ConvTranspose", ["larger", "grow"], ["grown"], name="grow", strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["grown"], ["big"], name="big"),
        helper.make_node("Conv", ["big", "last"], ["y"], name="last", pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["big"], ["mean"], name="mean"),
        helper.make_node("Flatten", ["mean"], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "matrix"], ["z"], name="product", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, c, 16, 16)),
            helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 4)),
        ],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return onnx.shape_inference.infer_shapes(made, strict_mode=True)


@pytest.fixture(scope="module")
def inputs() -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [{"x": rng.random((1, 3, 8, 8)).astype(np.float32)} for _ in range(6)]


def quantised(model: onnx.ModelProto, inputs: list[dict[str, np.ndarray]], scheme: Scheme) -> onnx.ModelProto:
    layers = layers_of(model, scheme)
    histograms = observe(model, values_of(model, layers, scheme), inputs)
    return to_int8(model, layers, {name: range_of(h, "min-max") for name, h in histograms.items()}, scheme)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}


@pytest.mark.parametrize("scheme", [FOR_PROCESSORS, FOR_TENSORRT])
def test_it_computes_nearly_the_same(model: onnx.ModelProto, inputs: list[dict], scheme: Scheme) -> None:
    sessions = [open_session(m.SerializeToString()) for m in (model, quantised(model, inputs, scheme))]
    for given in inputs:
        for expected, found in zip(*(session.run(["y", "z"], given) for session in sessions), strict=True):
            error = np.abs(expected - found).mean() / np.abs(expected).mean()
            assert 1e-5 < error < 0.03, "rounded to 8 bits, and not more than that"


def test_two_layers_with_the_same_weights_open_and_compute(inputs: list[dict[str, np.ndarray]]) -> None:
    """A recogniser sees each face twice. Some processors have ONNX Runtime replace the weights of both layers."""
    rng = np.random.default_rng(2)
    weights = {"first": rng.normal(size=(8, 3, 3, 3)), "kernel": rng.normal(size=(8, 8, 3, 3))}
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["a"], name="see", pads=[1] * 4),
        helper.make_node("Conv", ["a", "kernel"], ["b"], name="once", pads=[1] * 4),
        helper.make_node("Conv", ["b", "kernel"], ["c"], name="again", pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["y"], name="light"),
    ]
    picture = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))
    graph = helper.make_graph(
        nodes,
        "twice",
        [picture],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 8, 8, 8))],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(made, strict_mode=True)
    changed = quantised(model, inputs, FOR_PROCESSORS)
    expected, found = (open_session(m.SerializeToString()).run(["y"], inputs[0])[0] for m in (model, changed))
    assert 1e-5 < np.abs(expected - found).mean() / np.abs(expected).mean() < 0.03
    readers = Counter(node.input[0] for node in changed.graph.node if node.op_type == "DequantizeLinear")
    assert all(count == 1 for name, count in readers.items() if "kernel" in name)


def test_which_layers_can(model: onnx.ModelProto) -> None:
    processors, tensorrt = layers_of(model, FOR_PROCESSORS), layers_of(model, FOR_TENSORRT)
    names = ["both", "grow", "last", "product"]
    assert [layer.name for layer in processors] == [layer.name for layer in tensorrt] == names
    both, grow, last, product = processors
    assert (both.source, both.result, both.weights) == ("light", "both", 2 * CHANNELS * CHANNELS * 9)
    assert grow.result == "big", "behind the ReLU that alone follows"
    assert (both.multiplications, grow.multiplications) == (both.weights * 64, grow.weights * 64)
    assert last.multiplications == last.weights * 256 and product.multiplications == product.weights
    assert [layer.whole for layer in processors] == [True, True, True, False]
    assert values_of(model, processors, FOR_TENSORRT) == ("big", "larger", "light")
    assert values_of(model, processors, FOR_PROCESSORS) == ("big", "both", "larger", "light"), "no output of the graph"
    narrow = Scheme(unsigned=True, results=True, transposed=False, fewest_channels=CHANNELS + 1)
    assert [layer.name for layer in layers_of(model, narrow)] == ["product"]


def test_numbers_are_symmetric_with_a_scale_a_channel(model: onnx.ModelProto, inputs: list[dict]) -> None:
    found = constants(quantised(model, inputs, FOR_TENSORRT))
    assert found["kernel.0.quantized"].dtype == np.int8 and found["kernel.0.scale"].shape == (2 * CHANNELS,)
    assert found["grow.1.scale"].shape == (CHANNELS,), "output channels of a transposed convolution: the second axis"
    before = constants(model)
    for name, axis in (("kernel", 0), ("grow", 1), ("last", 0), ("matrix", 0)):
        scale = found[f"{name}.{axis}.scale"]
        shape = [-1 if i == axis else 1 for i in range(before[name].ndim)]
        again = found[f"{name}.{axis}.quantized"] * scale.reshape(shape)
        assert (np.abs(again - before[name]) <= scale.reshape(shape) * 0.501).all()
        assert not found[f"{name}.{axis}.zero"].any() and found[f"{name}.{axis}.quantized"].min() >= -127
    zeros = {name: value for name, value in found.items() if name in ("light.zero", "larger.zero", "big.zero")}
    assert all(value.dtype == np.int8 and value == 0 for value in zeros.values()) and len(zeros) == 3


def test_rectified_values_have_all_8_bits_on_processors(model: onnx.ModelProto, inputs: list[dict]) -> None:
    found = constants(quantised(model, inputs, FOR_PROCESSORS))
    assert (found["light.zero"], found["both.zero"]) == (0, 128) and found["light.zero"].dtype == np.uint8
    highest = max(open_session(_revealing(model, "light")).run(["light"], given)[0].max() for given in inputs)
    assert found["light.scale"] == pytest.approx(highest / 255, rel=2e-3)
    assert found["both.bias.quantized"].dtype == np.int32


def _revealing(model: onnx.ModelProto, name: str) -> bytes:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return copy.SerializeToString()


def test_scales_are_numbers_that_half_precision_has(model: onnx.ModelProto, inputs: list[dict]) -> None:
    for name, value in constants(quantised(model, inputs, FOR_TENSORRT)).items():
        if name.endswith(".scale"):
            np.testing.assert_array_equal(value.astype(np.float16).astype(np.float32), value)


def test_onnx_runtime_computes_every_convolution_in_8_bits(
    model: onnx.ModelProto, inputs: list[dict], tmp_path: Path
) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    content = quantised(model, inputs, FOR_PROCESSORS).SerializeToString()
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    operators = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert operators["QLinearConv"] == 5, "the second one, and four for the transposed one"
    assert operators["Conv"] == 2, "the first one of three channels, and the last one, whose result a caller reads"


@pytest.mark.parametrize("sample", range(6))
@pytest.mark.parametrize("scheme", [FOR_PROCESSORS, FOR_TENSORRT])
def test_the_scales_change_with_every_sample_that_holds_the_extreme(
    model: onnx.ModelProto, inputs: list[dict], sample: int, scheme: Scheme
) -> None:
    before = constants(quantised(model, inputs, scheme))
    changed = list(inputs)
    changed[sample] = {"x": inputs[sample]["x"] * 5}
    after = constants(quantised(model, changed, scheme))
    for value in ("light", "larger", "big"):
        assert after[f"{value}.scale"] > 2 * before[f"{value}.scale"]
    kernel = next(name for name in before if name.endswith("kernel.0.scale"))
    np.testing.assert_array_equal(after[kernel], before[kernel])


def test_the_order_of_samples_changes_nothing(model: onnx.ModelProto, inputs: list[dict]) -> None:
    first = quantised(model, inputs, FOR_PROCESSORS).SerializeToString(deterministic=True)
    assert first == quantised(model, inputs[::-1], FOR_PROCESSORS).SerializeToString(deterministic=True)


def test_only_chosen_layers_are_touched(model: onnx.ModelProto, inputs: list[dict]) -> None:
    last = [layer for layer in layers_of(model, FOR_TENSORRT) if layer.name == "last"]
    made = to_int8(model, last, {"big": Range(2.0, False)}, FOR_TENSORRT)
    assert layers_in_8_bits(made) == ("last",) and precision_of(made) == "int8"
    assert {quantised_name("big")} == {name for node in made.graph.node for name in node.output if "big.q" in name}
    with pytest.raises(CompilerError, match="big has no range"):
        to_int8(model, last, {}, FOR_TENSORRT)
