"""What several tests of the search need: a runtime of the small bundle, and two faces."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.runtimes import Runtime, load

if TYPE_CHECKING:
    from f2p_deploy.export import Faces


@pytest.fixture(scope="module")
def runtime(small_artifact: Path) -> Runtime:
    return load(small_artifact, "onnxruntime", threads=1)


@pytest.fixture(scope="module")
def faces(small_faces: "Faces") -> np.ndarray:
    return small_faces.images[:2]


@pytest.fixture(scope="session")
def byte_sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An `.onnx` file that adds the largest products of bytes: added in pairs, they do not fit into 16 bits.

    Its input `x` is (1, 64, 4, 4) in 0 to 255, its output `y` (1, 8, 4, 4): sums of 127 times and of -127 times `x` by
    turns, in 255 steps from zero to the largest.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((8, 64, 1, 1), 127, np.int8)
    weights[1::2] = -127
    constants = {"one": np.float32(1), "none": np.uint8(0), "weights": weights, "level": np.int8(0)}
    constants |= {"many": np.float32(64 * 127)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "one", "none"], ["x.8"]),
        helper.make_node("DequantizeLinear", ["x.8", "one", "none"], ["x.back"]),
        helper.make_node("DequantizeLinear", ["weights", "one", "level"], ["weights.back"]),
        helper.make_node("Conv", ["x.back", "weights.back"], ["sum"]),
        helper.make_node("QuantizeLinear", ["sum", "many", "none"], ["sum.8"]),
        helper.make_node("DequantizeLinear", ["sum.8", "many", "none"], ["y"]),
    ]
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, c, 4, 4)) for name, c in (("x", 64), ("y", 8))]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "sums", sides[:1], sides[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("bytes") / "sums.onnx"
    onnx.save(model, str(path))
    return path
