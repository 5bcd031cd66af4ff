"""Small ONNX models that are written down node by node."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from onnx import ModelProto

    from f2p_deploy.export.int8.int8_report import GraphReport


@pytest.fixture(scope="session")
def toy_model() -> "Callable[..., ModelProto]":
    """Makes a model from x to y of nodes (operator, inputs, output), called like their output, and of weights."""
    onnx = pytest.importorskip("onnx")

    def make(
        nodes: list[tuple[str, list[str], str]], weights: dict[str, np.ndarray], shape: tuple[int, ...] = (1, 2)
    ) -> "ModelProto":
        info = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node(operator, inputs, [output], name=output) for operator, inputs, output in nodes],
            "toy",
            [info("x", onnx.TensorProto.FLOAT, shape)],
            [info("y", onnx.TensorProto.FLOAT, shape)],
            [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
        )
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)

    return make


@pytest.fixture(scope="session")
def run_toy() -> Callable[..., list[float]]:
    """Checks a model of `toy_model` and runs it on the numbers of x."""
    onnx = pytest.importorskip("onnx")
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

    def run(model: "ModelProto", *x: float) -> list[float]:
        onnx.checker.check_model(model, full_check=True)
        (y,) = open_session(model.SerializeToString()).run(["y"], {"x": np.array([x], np.float32)})
        return y[0].tolist()

    return run


@pytest.fixture(scope="session")
def int8_report() -> "GraphReport":
    """A report on a graph of two layers, of which one stays float."""
    from f2p_deploy.export.int8.int8_report import CurvePoint, GraphReport, LayerCost

    return GraphReport(
        graph="render",
        method="mse",
        errors={"min-max": 0.02, "mse": 0.01},
        measured=384,
        judged=32,
        layers=(
            LayerCost("first", "Conv", 100, 6400, 0.004, 0.3, {"image: PSNR dB": 44.0}, 300, 0.5, 0.2),
            LayerCost("second", "Conv", 200, 12800, 0.009, 1.4, {"image: PSNR dB": 32.0}, 600, 0.9, 0.4),
        ),
        quantised=("first",),
        curve=(
            CurvePoint(2, 1.5, {"image: PSNR dB": 31.0}, 300, 0.7),
            CurvePoint(1, 0.3, {"image: PSNR dB": 44.0}, 900, 1.1),
            CurvePoint(0, 0.0, {"image: PSNR dB": 140.0}, 1200, 1.4),
        ),
    )
