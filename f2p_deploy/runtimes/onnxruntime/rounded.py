"""A CPU stand-in for float16 graphs on a card: every value is rounded to half precision, the arithmetic is float32.

ONNX Runtime has few float16 kernels for processors: it computes the others in float32 and drops the casts between them,
so values that overflow on a card stay finite there. Here each float16 output of a node is rounded before the next node
reads it. Sums inside a node are float32, as in tensor cores.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.manifest import Verified
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, open_session

if TYPE_CHECKING:
    from onnx import ModelProto

#: Operators whose outputs need no rounding: they only select, move or negate rounded values.
EXACT = frozenset(
    (
        *("Abs", "Concat", "Expand", "Identity", "Max", "MaxPool", "Min", "Neg", "Pad", "Relu", "Reshape", "Sign"),
        *("Slice", "Split", "Squeeze", "Transpose", "Unsqueeze", "Where"),
    )
)


def rounded(model: "ModelProto") -> "ModelProto":
    """Return a float32 model that rounds as a float16 one does.

    Args:
        model: from `to_float16`; not changed.

    Returns:
        A model with the same inputs and outputs, all float32; float16 values are cast to half precision and back.
    """
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    twin = ModelProto()
    twin.CopyFrom(model)
    graph = twin.graph
    halves = {info.name for info in graph.value_info if info.type.tensor_type.elem_type == TensorProto.FLOAT16}
    nodes = []
    for node in graph.node:
        to_half = node.op_type == "Cast" and node.output[0] in halves
        if node.op_type == "Cast" and node.input[0] in halves:
            nodes.append(helper.make_node("Identity", node.input, node.output, node.name))
            continue
        if not to_half and (node.op_type in EXACT or not halves.intersection(node.output)):
            nodes.append(node)
            continue
        for position, name in enumerate(node.output):
            exact, half = (node.input[0] if to_half else f"{name}.exact"), f"{name}.half"
            nodes.append(helper.make_node("Cast", [exact], [half], f"{name}.round", to=TensorProto.FLOAT16))
            nodes.append(helper.make_node("Cast", [half], [name], f"{name}.back", to=TensorProto.FLOAT))
            if not to_half:
                node.output[position] = exact
        if not to_half:
            nodes.insert(len(nodes) - 2 * len(node.output), node)
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(copies)
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT16:
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype("<f4"), weight.name))
    return twin


class RoundedOnnx(OnnxRuntime):
    """Runs float16 ONNX with every value rounded: a CPU stand-in for files that only a card runs. Needs onnx."""

    takes_many = False

    @property
    def proves(self) -> Verified:
        """The value of `Manifest.verified` for a measurement by it: it runs the graph that a file was compiled from."""
        return "graph"

    def describe_device(self) -> str:
        """Return ONNX Runtime's version and the rounding."""
        return f"{super().describe_device()}, every float16 value rounded"

    def require_finite(self, graph: str, name: str, value: np.ndarray) -> None:
        """Accept NaN and infinite values: the parity check reports an overflow, which misses every threshold."""

    def _load(self, graph: str) -> Any:
        import onnx

        twin = rounded(onnx.load(self.artifact.path(graph)))
        return open_session(twin.SerializeToString(), self.provider, self.threads)
