"""Means of many numbers: exact in every runtime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from f2p_deploy.export.float16.keep_float32 import always_float32
from f2p_deploy.export.onnx.long_means import LONG, in_two_steps
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session


def mean_of(columns: int, keepdims: int = 0, rows: int = 2) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    node = helper.make_node("ReduceMean", ["x", "axis"], ["y"], "mean", keepdims=keepdims)
    graph = helper.make_graph(
        [node],
        "toy",
        [info("x", TensorProto.FLOAT, (rows, columns))],
        [info("y", TensorProto.FLOAT, (rows, 1) if keepdims else (rows,))],
        [numpy_helper.from_array(np.array([1]), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    return open_session(model.SerializeToString()).run(["y"], {"x": x})[0]


@pytest.mark.parametrize("keepdims", [0, 1])
def test_a_long_mean_is_exact(keepdims: int) -> None:
    x = (np.random.default_rng(0).standard_normal((2, 2**21)) ** 4).astype(np.float32)
    expected = x.mean(axis=1, dtype=np.float64, keepdims=bool(keepdims))
    before, after = (run(model, x) for model in (mean_of(2**21, keepdims), in_two_steps(mean_of(2**21, keepdims))))
    assert after.shape == expected.shape
    assert np.abs(after / expected - 1).max() < 1e-6 < np.abs(before / expected - 1).max()


@pytest.mark.parametrize("columns", [LONG - 1, 65537])
def test_short_means_and_prime_lengths_stay(columns: int) -> None:
    assert [node.name for node in in_two_steps(mean_of(columns)).graph.node] == ["mean"]


def test_both_steps_stay_float32_in_half_precision() -> None:
    model = in_two_steps(mean_of(2**17))
    assert always_float32(model) == tuple(node.name for node in model.graph.node)
