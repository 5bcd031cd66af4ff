"""Nodes that always stay float32: cheap ones, and ones whose rounding error cannot be recovered later.

The rules look at operators and shapes, never at names, so they apply to every bundle:

1. Vectors: losses, norms, the softmax over discrete groups, the update of the state. They cost almost no time.
2. Matrix-vector products with few weights, which are cheap as well: the priors' subspace.
3. Reductions of many numbers: sums leave the range of float16, means lose small differences.
4. Arithmetic on the graph's inputs, which are float32: the photo's content, the face before it is shrunk.
5. Nodes that only copy or compare float32 values, so that no value passes through float16 in between: the state.
"""

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from f2p_deploy.export.float16.convert_float16 import value_infos

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: The operators that take most of a network's time.
LAYERS = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul"))

#: Matrix-vector products with fewer weights than this stay float32.
FEW_WEIGHTS = 2**17

#: Reductions of at least this number of values to one stay float32.
MANY_NUMBERS = 256

REDUCTIONS = frozenset(("GlobalAveragePool", "ReduceL1", "ReduceL2", "ReduceMean", "ReduceSum", "ReduceSumSquare"))

#: Operators that compute no new numbers: they copy, select, compare, clip or change a sign.
PASSING = frozenset(
    (
        *("Abs", "Clip", "Concat", "Equal", "Expand", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual"),
        *("Max", "MaxPool", "Min", "Neg", "Pad", "Relu", "Reshape", "Sign", "Slice", "Split", "Squeeze", "Transpose"),
        *("Unsqueeze", "Where"),
    )
)


def always_float32(model: "ModelProto", besides: Collection[str] = ()) -> tuple[str, ...]:
    """Return the nodes of a float32 model that stay float32 in every lower precision.

    Args:
        model: simplified, nodes in topological order.
        besides: names of other nodes that stay float32; nodes that only copy their results then stay float32 as well.

    Returns:
        Names in the model's order.
    """
    return _Pattern(model).find(frozenset(besides))


def computing_nodes(model: "ModelProto", kept: Collection[str]) -> tuple[str, ...]:
    """Return the nodes that lose accuracy in float16, in the model's order: all that do arithmetic and are not kept."""
    numbers = _Pattern(model).numbers
    return tuple(
        node.name
        for node in model.graph.node
        if node.name not in kept and node.op_type not in PASSING and numbers.intersection(node.output)
    )


class _Pattern:
    def __init__(self, model: "ModelProto") -> None:
        from onnx import TensorProto

        infos = value_infos(model)
        self.nodes = list(model.graph.node)
        self.shapes = {k: [dim.dim_value for dim in v.type.tensor_type.shape.dim] for k, v in infos.items()}
        self.weights = {weight.name: list(weight.dims) for weight in model.graph.initializer}
        self.inputs = {info.name for info in model.graph.input}
        #: Values between the nodes that are numbers; not masks, and not weights.
        self.numbers = {k for k, v in infos.items() if v.type.tensor_type.elem_type == TensorProto.FLOAT} - set(
            self.weights
        )

    def find(self, besides: frozenset[str]) -> tuple[str, ...]:
        names = []
        wide = set(self.inputs)
        for node in self.nodes:
            if node.name in besides or self._is_kept(node, wide):
                names.append(node.name)
                wide.update(node.output)
        return tuple(names)

    def _is_kept(self, node: "NodeProto", wide: set[str]) -> bool:
        """Return whether a node stays float32; `wide` has the names of all float32 values before it."""
        read = [name for name in node.input if name in self.numbers]
        if node.op_type in LAYERS:
            weights = sum(math.prod(self.weights[name]) for name in node.input if name in self.weights)
            return self._is_vector(node) and weights < FEW_WEIGHTS
        if node.op_type in PASSING:
            return bool(read) and all(name in wide for name in read)
        if node.op_type in REDUCTIONS:
            shrinks = math.prod(self.shapes[node.input[0]]) // max(1, math.prod(self.shapes[node.output[0]]))
            if shrinks >= MANY_NUMBERS:
                return True
        return self._is_vector(node) or any(name in self.inputs for name in read)

    def _is_vector(self, node: "NodeProto") -> bool:
        return all(len(self.shapes.get(name, ())) <= 2 for name in (*node.input, *node.output))
