"""Prevent ONNX Runtime from fusing a padding with zeros into the max pool after it.

A max pool's own padding is minus infinity, which is never the maximum. ONNX Runtime up to 1.31.1 nevertheless fuses a
`Pad` with zeros into the `MaxPool` after it. Windows at the edge with only negative numbers then have wrong results.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: The lowest finite number of float32; in half precision it becomes that of float16.
LOWEST = np.array(np.finfo(np.float32).min)


def keep_padding(model: "ModelProto") -> "ModelProto":
    """Insert a maximum with the lowest number, which changes no value, between each zero padding and its max pools.

    All runtimes then compute the same, whether they would have fused the two nodes or not.

    Args:
        model: float32, simplified; changed in place.

    Returns:
        The model itself.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    single = (weight for weight in graph.initializer if math.prod(weight.dims) == 1)
    constants = {weight.name: numpy_helper.to_array(weight) for weight in single}
    for pad in [node for node in graph.node if node.op_type == "Pad" and _pads_with_zeros(node, constants)]:
        pools = [node for node in graph.node if node.op_type == "MaxPool" and node.input[0] == pad.output[0]]
        if not pools:
            continue
        barrier, lowest = f"{pad.output[0]}.kept", f"{pad.output[0]}.lowest"  # named after values: nodes may be unnamed
        graph.initializer.append(numpy_helper.from_array(LOWEST, lowest))
        at = list(graph.node).index(pad) + 1
        graph.node.insert(at, helper.make_node("Max", [pad.output[0], lowest], [barrier], barrier))
        for info in [info for info in graph.value_info if info.name == pad.output[0]]:
            graph.value_info.add().CopyFrom(info)
            graph.value_info[-1].name = barrier
        for pool in pools:
            pool.input[0] = barrier
    return model


def _pads_with_zeros(pad: "NodeProto", constants: dict[str, np.ndarray]) -> bool:
    """Return whether a `Pad` adds zeros, which is its default without a mode and a value."""
    from onnx import helper

    mode = next((helper.get_attribute_value(one) for one in pad.attribute if one.name == "mode"), b"constant")
    value = pad.input[2] if len(pad.input) > 2 else ""
    return mode == b"constant" and (not value or (value in constants and not constants[value].any()))
