"""Stores rounded weights in ONNX as packed codes; runtimes compute the float32 weights once, when they load a graph.

Only operators of ONNX's main set are used, so every runtime of ONNX reads such a graph: two or more codes share a
byte, `BitwiseAnd` and `BitShift` take them apart, and `GatherElements` looks them up in the palettes.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.export.palette.coding import HALF
from f2p_deploy.export.palette.layer_weights import LayerWeight, is_sparse, layer_weights
from f2p_deploy.export.palette.planes import planes
from f2p_deploy.export.palette.rounding import RoundedWeight

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

def with_packed_weights(
    model: "ModelProto", rounded: Mapping[bytes, RoundedWeight], layers: Sequence[LayerWeight] | None = None
) -> "ModelProto":
    """Return a model whose weights are packed; those without an entry stay as they are.

    Args:
        model: float32, every weight inside; not changed.
        rounded: by the key of the weight, see `layer_weights`.
        layers: the model's `layer_weights`, if they are known already.
    """
    from onnx import ModelProto, TensorProto, checker, numpy_helper

    known = layer_weights(model) if layers is None else layers
    weights = {weight.name: weight for weight in known if weight.key in rounded}
    graph = _Graph()
    for name, weight in weights.items():
        graph.unpack(name, weight, rounded[weight.key])
    stored = {weight.name: weight for weight in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        # Layers of a gradient share weights that they read in other directions; none of theirs has a shift.
        if _takes_shift(node, weights, stored) and rounded[weights[node.input[1]].key].shift.any():
            shift = rounded[weights[node.input[1]].key].shift
            bias = numpy_helper.to_array(stored[node.input[2]]) + shift.astype(np.float32)
            copy = type(node)()
            copy.CopyFrom(node)
            copy.input[2] = graph.constant(f"{node.name}.bias", bias.astype(np.float32))
            nodes.append(copy)
        else:
            nodes.append(node)
    read = {name for node in nodes for name in node.input}
    for name in sorted(stored.keys() & read - weights.keys()):
        if stored[name].data_type == TensorProto.FLOAT and is_sparse(values := numpy_helper.to_array(stored[name])):
            graph.scatter(name, values)
    packed = ModelProto()
    packed.CopyFrom(model)
    del packed.graph.initializer[:], packed.graph.node[:]
    kept = (weight for weight in model.graph.initializer if weight.name in read and weight.name not in graph.computed)
    packed.graph.initializer.extend([*kept, *graph.constants.values()])
    packed.graph.node.extend([*graph.nodes, *nodes])
    checker.check_model(packed)
    return packed


def bias_takes_shift(node: "NodeProto", constants: "Mapping[str, TensorProto]") -> bool:
    """Return whether a layer has a stored bias that can take the mean error of its outputs."""
    return node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and node.input[2] in constants


def _takes_shift(
    node: "NodeProto", weights: Mapping[str, LayerWeight], constants: "Mapping[str, TensorProto]"
) -> bool:
    return len(node.input) > 2 and node.input[1] in weights and bias_takes_shift(node, constants)


class _Graph:
    """The nodes and constants that compute weights from their codes."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}
        self.computed: set[str] = set()

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add a constant, once for each name, and return its name."""
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def add(self, kind: str, inputs: list[str], result: str, **attributes: Any) -> str:
        """Add a node, and return the name of its result."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [result], f"{result}.{kind}", **attributes))
        return result

    def unpack(self, name: str, weight: LayerWeight, rounded: RoundedWeight) -> None:
        """Add what computes a weight under its own name."""
        from onnx import TensorProto

        self.computed.add(name)
        if rounded.bits == HALF:
            half = self.constant(f"{name}.half", weight.restored(rounded.matrix()).astype(np.float16))
            self.add("Cast", [half], name, to=TensorProto.FLOAT)
            return
        codes = self._codes(name, rounded)
        groups = weight.channels if rounded.values is None else len(rounded.values)
        rows = self.constant(f"rows.{groups}", np.array([groups, -1], np.int64))
        if rounded.values is not None:
            wide = self.add("Cast", [codes], f"{name}.indices", to=TensorProto.INT64)
            wide = self.add("Reshape", [wide, rows], f"{name}.rows")
            palette = self.constant(f"{name}.palette", rounded.values)
            palette = self.add("Cast", [palette], f"{name}.palette.wide", to=TensorProto.FLOAT)
            flat = self.add("GatherElements", [palette, wide], f"{name}.looked.up", axis=1)
        else:
            assert rounded.steps is not None
            wide = codes
            if rounded.bits <= 8:
                wide = self.add("Cast", [codes], f"{name}.numbers", to=TensorProto.FLOAT)
            wide = self.add("Reshape", [wide, rows], f"{name}.rows")
            zero = self.constant(f"zero.{rounded.bits}", np.array(2 ** (rounded.bits - 1), np.float32))
            wide = self.add("Sub", [wide, zero], f"{name}.signed")
            steps = self.constant(f"{name}.steps", rounded.steps[:, None])
            flat = self.add("Mul", [wide, steps], f"{name}.scaled")
        shape = self.constant(f"shape.{'x'.join(map(str, weight.shape))}", np.array(weight.shape, np.int64))
        if weight.back == tuple(range(len(weight.back))):
            self.add("Reshape", [flat, shape], name)
        else:
            turned = self.add("Reshape", [flat, shape], f"{name}.turned")
            self.add("Transpose", [turned], name, perm=list(weight.back))

    def scatter(self, name: str, values: np.ndarray) -> None:
        """Add what computes an array under its own name from its numbers that are not zero, with nothing lost."""
        self.computed.add(name)
        places = np.argwhere(values)
        shape = self.constant(f"shape.{'x'.join(map(str, values.shape))}", np.array(values.shape, np.int64))
        zeros = self.add("ConstantOfShape", [shape], f"{name}.zeros")
        at = self.constant(f"{name}.places", places.astype(np.int64))
        numbers = self.constant(f"{name}.numbers", values[tuple(places.T)])
        self.add("ScatterND", [zeros, at, numbers], name)

    def _codes(self, name: str, rounded: RoundedWeight) -> str:
        """Add what takes the codes of a weight apart, and return their name: (N,) uint8; float32 above 8 bits."""
        from onnx import TensorProto

        parts = []
        size = rounded.codes.size
        for below, bits, packed in planes(rounded.codes, rounded.bits):
            plane = f"{name}.bits{below}"
            if bits == 8:
                parts.append(self.constant(plane, packed))
                continue
            stored = self.constant(plane, packed[:, None])
            places = bits * np.arange(8 // bits, dtype=np.uint8)[None]
            shifts = self.constant(f"shifts.{bits}", places)
            masks = self.constant(f"masks.{bits}", np.uint8(2**bits - 1) << places)
            # Masked first, so that nothing is left to round: OpenVINO shifts by a rounded division (2026.4).
            part = self.add("BitwiseAnd", [stored, masks], f"{plane}.masked")
            part = self.add("BitShift", [part, shifts], f"{plane}.codes", direction="RIGHT")
            part = self.add("Reshape", [part, self.constant("flat", np.array([-1], np.int64))], f"{plane}.flat")
            if size % (8 // bits):
                ends = [self.constant(f"place.of.{at}", np.array([at], np.int64)) for at in (0, size)]
                part = self.add("Slice", [part, *ends], f"{plane}.whole")
            if 0 < below < 8:
                place = self.constant(f"place.{below}", np.array(below, np.uint8))
                part = self.add("BitShift", [part, place], f"{plane}.placed", direction="LEFT")
            parts.append(part)
        if len(parts) == 1:
            return parts[0]
        if rounded.bits <= 8:
            return self.add("BitwiseOr", parts, f"{name}.codes")
        low, high = (self.add("Cast", [part], f"{part}.number", to=TensorProto.FLOAT) for part in parts)
        high = self.add("Mul", [high, self.constant("number.256", np.array(256, np.float32))], f"{name}.high")
        return self.add("Add", [low, high], f"{name}.numbers")
