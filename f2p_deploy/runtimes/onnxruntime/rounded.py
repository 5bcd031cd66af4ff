"""What a float16 graph computes where every value is stored in half precision, worked out by any float32 runtime.

ONNX Runtime has few float16 kernels for processors: it computes the others in float32 and drops the casts between them,
so values that overflow on a card look fine there. Here every value that a node computes in float16 is rounded to it on
its way to the next; sums inside a node are float32, as tensor cores add.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.manifest import Verified
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, open_session

if TYPE_CHECKING:
    from onnx import ModelProto

#: Operators that only pass numbers on: what they give is rounded already.
EXACT = frozenset(
    (
        *("Abs", "Concat", "Expand", "Identity", "Max", "MaxPool", "Min", "Neg", "Pad", "Relu", "Reshape", "Sign"),
        *("Slice", "Split", "Squeeze", "Transpose", "Unsqueeze", "Where"),
    )
)


def rounded(model: "ModelProto") -> "ModelProto":
    """Return a float32 model that rounds as a float16 one does.

    Args:
        model: from `float16.to_float16`; not changed.

    Returns:
        A model with the same inputs and outputs, every value float32: those of float16 are sent through two casts.
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
    kept = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(kept)
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT16:
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype("<f4"), weight.name))
    return twin


class RoundedOnnx(OnnxRuntime):
    """Runs float16 ONNX so: what can be said here about files that only a card runs. Needs the package onnx."""

    @property
    def proves(self) -> Verified:
        """What a measurement by it proves: it runs what a file was compiled from."""
        return "graph"

    def describe_device(self) -> str:
        """Return what computes and how."""
        return f"{super().describe_device()}, every float16 value rounded"

    def require_finite(self, graph: str, name: str, value: np.ndarray) -> None:
        """Let NaN and infinite values through: an overflow is what this looks for, and misses every floor."""

    def _load(self, graph: str) -> Any:
        import onnx

        twin = rounded(onnx.load(self.artifact.path(graph)))
        return open_session(twin.SerializeToString(), self.provider, self.threads)
