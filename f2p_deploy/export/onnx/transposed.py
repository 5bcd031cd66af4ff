"""Rewrite transposed convolutions as ordinary ones, exactly, for runtimes that have 8-bit kernels only for the latter.

With stride 2, every second row and column of the output depends on two rows and columns of the input. Each of the four
interleaved images is therefore a 2x2 convolution, with as many multiplications in total as before. (Shi et al. 2016,
"Is the deconvolution layer the same as a convolutional layer?", with stride 2, kernel 4, padding 1: those of the
imitator, Table 2.)
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

#: The rows of the kernel that contribute to an even and to an odd output row, in the order of the input rows.
TAPS = ((3, 1), (2, 0))


@dataclass(frozen=True)
class Split:
    """A model in which transposed convolutions have been rewritten as convolutions.

    Args:
        model: the ONNX.
        parts: the name of the original node, by the name of each new layer.
        alike: the name of the original value, by the name of each new value that is a part of it.
    """

    model: "ModelProto"
    parts: dict[str, str]
    alike: dict[str, str]


def splittable(node: "NodeProto", dims: Sequence[int]) -> bool:
    """Return whether a transposed convolution with weights of these dimensions can be rewritten."""
    lists: dict[str, list[int]] = {attribute.name: list(attribute.ints) for attribute in node.attribute}
    group = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    plain = lists.get("dilations", [1, 1]) == [1, 1] and not any(lists.get("output_padding", [0]))
    if not plain or group != 1 or "output_shape" in lists or list(dims[2:]) != [4, 4]:
        return False
    return (lists.get("strides"), lists.get("pads")) == ([2, 2], [1, 1, 1, 1])


def with_convolutions(model: "ModelProto", names: Collection[str]) -> Split:
    """Rewrite transposed convolutions as convolutions.

    If a ReLU is the only reader of the result, it is applied to each convolution, before the interleaving.

    Args:
        model: float32; not changed.
        names: names of transposed convolutions that are `splittable`.
    """
    from onnx import ModelProto

    writing = _Writing(model, frozenset(names))
    copy = ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:], copy.graph.initializer[:], copy.graph.value_info[:]
    copy.graph.node.extend(writing.nodes)
    read = {name for node in writing.nodes for name in node.input}
    copy.graph.initializer.extend(weight for weight in model.graph.initializer if weight.name in read)
    copy.graph.initializer.extend(writing.weights)
    return Split(copy, writing.parts, writing.alike)


class _Writing:
    def __init__(self, model: "ModelProto", names: frozenset[str]) -> None:
        from onnx import numpy_helper

        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.parts: dict[str, str] = {}
        self.alike: dict[str, str] = {}
        self.arrays = {weight.name: weight for weight in model.graph.initializer}
        self.to_array = numpy_helper.to_array
        readers: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        moved = set()
        for node in model.graph.node:
            if node.name in names:
                after = readers.get(node.output[0], [])
                relu = after[0] if len(after) == 1 and after[0].op_type == "Relu" else None
                if relu is not None:
                    moved.add(relu.name)
                self._write(node, relu)
            elif node.name not in moved:
                self.nodes.append(node)

    def _write(self, node: "NodeProto", relu: "NodeProto | None") -> None:
        """Append four convolutions, and the nodes that interleave their results."""
        from onnx import helper

        weights = self.to_array(self.arrays[node.input[1]])
        bias = self.to_array(self.arrays[node.input[2]]) if len(node.input) > 2 else np.zeros(weights.shape[1], "f4")
        result = node.output[0] if relu is None else relu.output[0]
        shared = self._weight(f"{node.name}.bias", bias)
        pictures = []
        for row in (0, 1):
            for column in (0, 1):
                name = f"{node.name}.{row}{column}"
                kernel = weights[:, :, TAPS[row]][:, :, :, TAPS[column]].transpose(1, 0, 2, 3)
                inputs = [node.input[0], self._weight(f"{name}.weight", kernel), shared]
                window = {"kernel_shape": [2, 2], "pads": [1 - row, 1 - column, row, column]}
                self.parts[name] = node.name
                pictures.append(self._convolution(name, inputs, result, relu is not None, **window))
        stacked = f"{node.name}.stacked"
        self.nodes.append(helper.make_node("Concat", pictures, [stacked], name=stacked, axis=1))
        self.nodes.append(
            helper.make_node("DepthToSpace", [stacked], [result], name=f"{node.name}.between", blocksize=2, mode="DCR")
        )

    def _convolution(
        self, name: str, inputs: list[str], result: str, rectified: bool, **attributes: Any
    ) -> str:
        """Append a convolution, and its ReLU if there is one; return the name of its output, a part of `result`."""
        from onnx import helper

        output = f"{name}.made"
        self.nodes.append(helper.make_node("Conv", inputs, [output], name=name, **attributes))
        if rectified:
            self.nodes.append(helper.make_node("Relu", [output], [f"{name}.rectified"], name=f"{name}.relu"))
            output = f"{name}.rectified"
        self.alike[output] = result
        return output

    def _weight(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name
