"""Zeros that a picture is padded with before a max pool, kept from being taken into the pool.

A pool's own padding is minus infinity: it never wins. ONNX Runtime up to 1.31.1 fuses `Pad` with zeros into the
`MaxPool` behind it all the same, and windows at the edge that hold negative numbers alone give another answer.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: Below every number that is not infinite; in half precision it becomes the lowest of that.
LOWEST = np.array(np.finfo(np.float32).min)


def keep_padding(model: "ModelProto") -> "ModelProto":
    """Put a maximum with the lowest number, which changes nothing, between each padding with zeros and its max pools.

    Every runtime computes the same of it, whether it would have fused the two or not.

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
        kept, lowest = f"{pad.output[0]}.kept", f"{pad.output[0]}.lowest"  # nodes may have no names
        graph.initializer.append(numpy_helper.from_array(LOWEST, lowest))
        at = list(graph.node).index(pad) + 1
        graph.node.insert(at, helper.make_node("Max", [pad.output[0], lowest], [kept], kept))
        for info in [info for info in graph.value_info if info.name == pad.output[0]]:
            graph.value_info.add().CopyFrom(info)
            graph.value_info[-1].name = kept
        for pool in pools:
            pool.input[0] = kept
    return model


def _pads_with_zeros(pad: "NodeProto", constants: dict[str, np.ndarray]) -> bool:
    """Say whether a `Pad` adds zeros: that is what it does where neither a mode nor a value is given."""
    from onnx import helper

    mode = next((helper.get_attribute_value(one) for one in pad.attribute if one.name == "mode"), b"constant")
    value = pad.input[2] if len(pad.input) > 2 else ""
    return mode == b"constant" and (not value or (value in constants and not constants[value].any()))
