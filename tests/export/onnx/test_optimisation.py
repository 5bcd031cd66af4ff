"""ONNX Runtime's graph optimisation: a graph that it harms is not written."""

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from packaging.version import Version

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.float16.convert_float16 import to_float16
from f2p_deploy.export.onnx.optimisation import computed_as_written, require_same, require_unharmed
from f2p_deploy.export.onnx.padded_pools import keep_padding
from f2p_deploy.system.errors import CompilerError

WRONG = Version("1.31.1")
X = np.full((1, 1, 4, 4), -1.0, np.float32)
#: What zeros around X make of the largest numbers in windows of two.
EXPECTED = np.pad(X[:, :, :1, :1], ((0, 0), (0, 0), (1, 1), (1, 1)))
GRAPH = ExportGraph(
    "toy",
    torch.nn.Identity(),
    (TensorSpec("x", "float32", X.shape, ""),),
    (TensorSpec("y", "float32", EXPECTED.shape, ""),),
)


def padded() -> ModelProto:
    """Return a model that pads x with zeros and pools it."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["x", "pads"], ["padded"], "pad"),
            helper.make_node("MaxPool", ["padded"], ["y"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        ],
        "toy",
        [info("x", TensorProto.FLOAT, X.shape)],
        [info("y", TensorProto.FLOAT, EXPECTED.shape)],
        [numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_without_optimisation_the_file_decides() -> None:
    np.testing.assert_array_equal(computed_as_written(GRAPH, padded(), {"x": X})["y"], EXPECTED)


@pytest.mark.skipif(Version(onnxruntime.__version__) > WRONG, reason="this fusion was mended in 1.32")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_wrong_fusion_is_a_compiler_error(precision: Precision) -> None:
    model = padded() if precision == "fp32" else to_float16(padded())
    with pytest.raises(CompilerError, match=r"the graph optimisation of onnxruntime .* changed y of toy by "):
        require_unharmed(GRAPH, model, {"x": X}, precision)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_graph_that_survives_passes(precision: Precision) -> None:
    model = keep_padding(padded())
    require_unharmed(GRAPH, model if precision == "fp32" else to_float16(model), {"x": X}, precision)


def test_rounding_is_the_same_and_another_shape_is_not() -> None:
    before = {"y": np.array([1.0, 2.0], np.float32)}
    require_same("toy", before, {"y": before["y"] + np.float32(1e-6)}, "it changed")
    with pytest.raises(CompilerError, match=r"it changed y of toy by 5e-05 of its largest value"):
        require_same("toy", before, {"y": before["y"] + np.float32(1e-4)}, "it changed")
    with pytest.raises(CompilerError, match=r"it changed y of toy by nan"):
        require_same("toy", before, {"y": before["y"] * np.float32(np.nan)}, "it changed")
    with pytest.raises(CompilerError, match=r"it changed the shape of y of toy from \(2,\) to \(1,\)"):
        require_same("toy", before, {"y": before["y"][:1]}, "it changed")
