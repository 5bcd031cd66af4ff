"""Split means of very many numbers into two steps: runtimes that add in sequence in float32 lose digits.

ONNX Runtime's ReduceMean has an error of 1e-3 on the eight million numbers that the paper's content loss averages. The
mean of the means of equal parts has an error of 1e-7 in every runtime.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.export.float16.convert_float16 import value_infos

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

#: Means of fewer numbers are not split: the error of adding 2^16 numbers of similar size is at most about 1e-5.
LONG = 2**16


def in_two_steps(model: "ModelProto") -> "ModelProto":
    """Split every mean over the last axis of a matrix that has at least `LONG` columns.

    Args:
        model: of static shapes, simplified; changed in place.

    Returns:
        The model itself.
    """
    shapes = {
        name: [dim.dim_value for dim in info.type.tensor_type.shape.dim] for name, info in value_infos(model).items()
    }
    weights = {weight.name: weight for weight in model.graph.initializer}
    for node in list(model.graph.node):
        if not _is_row_mean(node, shapes, weights):
            continue
        rows, columns = shapes[node.input[0]]
        share = _share(columns)
        if columns >= LONG and share > 1:
            _split(model, node, (rows, columns // share, share))
    return model


def _is_row_mean(node: "NodeProto", shapes: dict[str, list[int]], weights: dict[str, "TensorProto"]) -> bool:
    from onnx import numpy_helper

    if node.op_type != "ReduceMean" or len(node.input) != 2 or node.input[1] not in weights:
        return False
    axes = numpy_helper.to_array(weights[node.input[1]]).tolist()
    return len(shapes[node.input[0]]) == 2 and axes in ([1], [-1])


def _share(columns: int) -> int:
    """Return the largest divisor of a number that is not above its square root."""
    return next(d for d in range(math.isqrt(columns), 0, -1) if columns % d == 0)


def _split(model: "ModelProto", node: "NodeProto", shape: tuple[int, int, int]) -> None:
    """Insert the means of equal parts of a row before a node, which then averages these means."""
    from onnx import TensorProto, helper, numpy_helper

    graph, name = model.graph, node.name
    shape_name, axis_name = f"{name}.shape", f"{name}.axis"
    graph.initializer.append(numpy_helper.from_array(np.array(shape), shape_name))
    graph.initializer.append(numpy_helper.from_array(np.array([2]), axis_name))
    shares, means = f"{name}.shares", f"{name}.means"
    before = [
        helper.make_node("Reshape", [node.input[0], shape_name], [shares], shares),
        helper.make_node("ReduceMean", [shares, axis_name], [means], means, keepdims=0),
    ]
    graph.value_info.append(helper.make_tensor_value_info(shares, TensorProto.FLOAT, shape))
    graph.value_info.append(helper.make_tensor_value_info(means, TensorProto.FLOAT, shape[:2]))
    node.input[0] = means
    at = list(graph.node).index(node)
    for offset, added in enumerate(before):
        graph.node.insert(at + offset, added)
