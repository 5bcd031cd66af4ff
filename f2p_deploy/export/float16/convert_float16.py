"""float32 ONNX -> float16 ONNX with float32 inputs and outputs, with explicit types for strongly typed compilers.

Every node computes in one of two types: the named ones stay float32, all others become float16. A value that is needed
in the other type is cast once. Unlike onnxruntime's converter, this one sends no value between two float32 nodes
through float16, does not convert weights that only float32 nodes read, and rounds weights that are too small for
float16 as IEEE 754 does, instead of raising them to its smallest number.
"""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

#: The largest finite number of float16.
LARGEST = float(np.finfo(np.float16).max)

#: Operators with a type among their attributes, which this transformation does not support.
TYPED_BY_ATTRIBUTE = ("Cast", "Constant", "ConstantOfShape", "EyeLike", "If", "Loop", "Scan")


def to_float16(model: "ModelProto", kept: Collection[str] = ()) -> "ModelProto":
    """Return a model that computes in float16.

    Args:
        model: float32, simplified, nodes in topological order; not changed. Values of other types (axes, shapes, masks)
            stay unchanged.
        kept: names of nodes that compute in float32.

    Returns:
        A model with the same inputs, outputs and node names. Weights beyond the range of float16 are clipped to its
        largest number; weights that nodes of both types read are stored twice.

    Raises:
        CompilerError: a node without a unique name, a name in `kept` that no node has, or an operator of
            `TYPED_BY_ATTRIBUTE`.
    """
    _require_convertible(model, kept)
    return _Conversion(model).convert(frozenset(kept))


def value_infos(model: "ModelProto") -> dict[str, "ValueInfoProto"]:
    """Return type and shape of every input, output and value between the nodes, by name."""
    from onnx import shape_inference

    graph = model.graph
    known = {info.name for info in (*graph.value_info, *graph.output)}
    if not all(name in known for node in graph.node for name in node.output if name):
        graph = shape_inference.infer_shapes(model, strict_mode=True).graph
    return {info.name: info for info in (*graph.input, *graph.value_info, *graph.output)}


class _Conversion:
    """The state of a conversion: the nodes so far, and the name of each value in each type."""

    def __init__(self, model: "ModelProto") -> None:
        from onnx import TensorProto

        self.float32, self.float16 = int(TensorProto.FLOAT), int(TensorProto.FLOAT16)
        self.model = model
        self.infos = {k: v for k, v in value_infos(model).items() if v.type.tensor_type.elem_type == self.float32}
        self.weights = {weight.name: weight for weight in model.graph.initializer if weight.data_type == self.float32}
        self.outputs = {output.name for output in model.graph.output if output.name in self.infos}
        # The inputs and outputs of the graph keep their names in float32, values between in the type of their node.
        self.names: dict[tuple[str, int], str] = {(info.name, self.float32): info.name for info in model.graph.input}
        self.nodes: list[NodeProto] = []
        self.new_weights: dict[str, TensorProto] = {}
        self.values: list[ValueInfoProto] = []

    def convert(self, kept: frozenset[str]) -> "ModelProto":
        from onnx import ModelProto

        for node in self.model.graph.node:
            self._add(node, self.float32 if node.name in kept else self.float16)
        converted = ModelProto(ir_version=self.model.ir_version, opset_import=self.model.opset_import)
        graph, before = converted.graph, self.model.graph
        graph.name = before.name
        graph.input.extend(before.input)
        graph.output.extend(before.output)
        graph.node.extend(self.nodes)
        graph.initializer.extend(weight for weight in before.initializer if weight.name not in self.weights)
        graph.initializer.extend(self.new_weights.values())
        graph.value_info.extend(self.values)
        graph.value_info.extend(info for info in before.value_info if info.name not in self.infos)
        return converted

    def _add(self, node: "NodeProto", to: int) -> None:
        """Append a node that computes in the type `to`."""
        copy = type(node)()
        copy.CopyFrom(node)
        copy.input[:] = [self._read(name, to) for name in node.input]
        copy.output[:] = [self._written(name, to) for name in node.output]
        self.nodes.append(copy)
        if to == self.float16:
            for name in self.outputs.intersection(node.output):
                self._cast(name, name, self.float32)

    def _read(self, name: str, to: int) -> str:
        """Return the name of a value in a type; at the first call, append its cast or convert the weight."""
        if name not in self.infos and name not in self.weights:
            return name
        if (name, to) not in self.names:
            renamed = name + self._suffix(to)
            if name in self.weights:
                self.new_weights[renamed] = self._weight(name, renamed, to)
                self.names[name, to] = renamed
            else:
                self._cast(name, renamed, to)
        return self.names[name, to]

    def _written(self, name: str, to: int) -> str:
        """Return the name of a node's result in a type."""
        if name not in self.infos:
            return name
        self.names[name, to] = name + self._suffix(to) if name in self.outputs and to == self.float16 else name
        self._describe(name, self.names[name, to], to)
        return self.names[name, to]

    def _cast(self, name: str, renamed: str, to: int) -> None:
        """Append a cast of a value from the other type."""
        from onnx import helper

        source = self.names[name, self.float32 if to == self.float16 else self.float16]
        self.names[name, to] = renamed
        self.nodes.append(helper.make_node("Cast", [source], [renamed], name=f"{name}{self._suffix(to)}.cast", to=to))
        self._describe(name, renamed, to)

    def _describe(self, name: str, renamed: str, to: int) -> None:
        """Record the type of a value between nodes; its shape is that of the float32 model."""
        if renamed in self.outputs:
            return
        info = type(self.infos[name])()
        info.CopyFrom(self.infos[name])
        info.name, info.type.tensor_type.elem_type = renamed, to
        self.values.append(info)

    def _weight(self, name: str, renamed: str, to: int) -> "TensorProto":
        from onnx import numpy_helper

        values = numpy_helper.to_array(self.weights[name])
        if to == self.float32:
            return numpy_helper.from_array(values, renamed)
        finite = np.isfinite(values)
        return numpy_helper.from_array(np.where(finite, values.clip(-LARGEST, LARGEST), values).astype("<f2"), renamed)

    def _suffix(self, to: int) -> str:
        return ".float32" if to == self.float32 else ".float16"


def _require_convertible(model: "ModelProto", kept: Collection[str]) -> None:
    names = Counter(node.name for node in model.graph.node)
    for node in model.graph.node:
        if not node.name or names[node.name] > 1:
            raise CompilerError(f"a {node.op_type} is called {node.name!r}, but needs a unique name")
        if node.op_type in TYPED_BY_ATTRIBUTE:
            raise CompilerError(
                f"{node.name} is a {node.op_type}, which cannot be converted to float16: simplify the graph first"
            )
    missing = sorted(set(kept) - names.keys())
    if missing:
        raise CompilerError(f"no node is called {missing[0]!r}, which should stay float32")
