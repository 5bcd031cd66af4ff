"""Zeros before a max pool: the same answer with and without ONNX Runtime's fusions, in every runtime and precision."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from f2p_deploy.artifact.onnx_file import operators
from f2p_deploy.export.float16.convert_float16 import to_float16
from f2p_deploy.export.onnx.padded_pools import keep_padding
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.runtimes.onnxruntime.rounded import rounded

X = -1.0 - np.random.default_rng(0).random((1, 2, 6, 6), np.float32)


def padded(value: np.ndarray | None = None, mode: str = "constant", pool: str = "MaxPool") -> ModelProto:
    """Return a model that pads x by one pixel and pools it twice, in windows of three and of two."""
    info, weights = helper.make_tensor_value_info, {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    if value is not None:
        weights["value"] = value
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["x", *weights], ["padded"], "pad", mode=mode),
            helper.make_node(pool, ["padded"], ["y"], "three", kernel_shape=[3, 3], strides=[2, 2]),
            helper.make_node(pool, ["padded"], ["z"], "two", kernel_shape=[2, 2], strides=[2, 2]),
        ],
        "toy",
        [info("x", TensorProto.FLOAT, X.shape)],
        [info("y", TensorProto.FLOAT, (1, 2, 3, 3)), info("z", TensorProto.FLOAT, (1, 2, 4, 4))],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def expected(value: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return what NumPy makes of the largest numbers of each window."""
    whole = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=value)
    windows = np.lib.stride_tricks.sliding_window_view
    return tuple(windows(whole, (size, size), (2, 3))[:, :, ::2, ::2].max((4, 5)) for size in (3, 2))


@pytest.mark.parametrize(
    "value", [None, np.array(0, np.float32), np.array([-0.0], np.float32)], ids=["none", "0", "-0"]
)
def test_zeros_win_over_negative_numbers(value: np.ndarray | None) -> None:
    model = keep_padding(padded(value))
    onnx.checker.check_model(model, full_check=True)
    assert operators(model) == {"MaxPool": 2, "Pad": 1, "Max": 1}
    for found, right in zip(open_session(model.SerializeToString()).run(None, {"x": X}), expected(), strict=True):
        np.testing.assert_array_equal(found, right)


def test_half_precision_keeps_them_too() -> None:
    half = to_float16(keep_padding(padded()))
    for model in (half, rounded(half)):
        for found, right in zip(open_session(model.SerializeToString()).run(None, {"x": X}), expected(), strict=True):
            np.testing.assert_allclose(found, right, atol=1e-3)


def test_openvino_computes_the_same(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    from f2p_deploy.runtimes.openvino_runtime import compile_graph

    (tmp_path / "toy.onnx").write_bytes(keep_padding(padded()).SerializeToString())
    found = compile_graph(tmp_path / "toy.onnx", "f32")({"x": X})
    for name, right in zip("yz", expected(), strict=True):
        np.testing.assert_array_equal(found[name], right)


@pytest.mark.parametrize(
    "model",
    [padded(np.array(-9, np.float32)), padded(mode="edge"), padded(pool="AveragePool")],
    ids=["another number", "no number", "another pool"],
)
def test_a_pad_that_no_runtime_fuses_is_unchanged(model: ModelProto) -> None:
    before = model.SerializeToString()
    assert keep_padding(model).SerializeToString() == before
