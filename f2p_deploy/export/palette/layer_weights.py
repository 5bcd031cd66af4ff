"""Finds the weights of layers in ONNX, and shows each as a matrix with a row for each output."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: Number of values below which a weight stays as it is.
FEWEST = 4096

#: Share of numbers that are not zero below which a matrix is stored by its places that are not.
SPARSE = 0.1

#: How the axes of a weight are ordered with its outputs first, by the layer's operator; Gemm's depends on `transB`.
_OUTPUTS_FIRST = {"Conv": (0, 1, 2, 3), "ConvTranspose": (1, 2, 3, 0), "MatMul": (1, 0)}


@dataclass(frozen=True)
class LayerWeight:
    """A layer's weight.

    Args:
        name: of the weight in its model.
        key: of its content; weights of equal content are stored once.
        kind: the layer's operator.
        order: the axes of the weight with those of its outputs first.
        shape: of the weight with its axes in that order.
        channels: number of output channels, which are the groups of rows that share a palette.
        matrix: (R, C) float64, a row for each output of the layer at one place, a column for each input.
    """

    name: str
    key: bytes
    kind: str
    order: tuple[int, ...]
    shape: tuple[int, ...]
    channels: int
    matrix: np.ndarray

    @property
    def back(self) -> tuple[int, ...]:
        """The order of axes that restores the weight's own."""
        return tuple(int(axis) for axis in np.argsort(self.order))

    def restored(self, matrix: np.ndarray) -> np.ndarray:
        """Return a matrix as a weight of the layer, float32."""
        return np.ascontiguousarray(matrix.reshape(self.shape).transpose(self.back), np.float32)


def layer_weights(model: "ModelProto") -> tuple[LayerWeight, ...]:
    """Return the weights of a float32 model's layers that are large enough, each once.

    Fixed matrices that resize pictures are no weights: nearly all of their numbers are zero, see `is_sparse`.
    """
    from onnx import TensorProto, numpy_helper

    stored = {weight.name: weight for weight in model.graph.initializer if weight.data_type == TensorProto.FLOAT}
    found: dict[str, LayerWeight] = {}
    for node in model.graph.node:
        if len(node.input) < 2 or node.input[1] not in stored or node.input[1] in found:
            continue
        order = outputs_first(node)
        dims = tuple(stored[node.input[1]].dims)
        size = int(np.prod(dims))
        if order is None or len(order) != len(dims) or size < FEWEST:
            continue
        values = numpy_helper.to_array(stored[node.input[1]])
        if is_sparse(values):
            continue
        turned = values.transpose(order)
        inputs = turned.shape[-1] if node.op_type == "ConvTranspose" else size // turned.shape[0]
        found[node.input[1]] = LayerWeight(
            name=node.input[1],
            key=hashlib.sha256(repr(dims).encode() + np.ascontiguousarray(values).tobytes()).digest(),
            kind=node.op_type,
            order=order,
            shape=turned.shape,
            channels=turned.shape[0],
            matrix=turned.reshape(-1, inputs).astype(np.float64),
        )
    return tuple(found.values())


def is_sparse(values: np.ndarray) -> bool:
    """Return whether an array is large, and nearly all of its numbers are zero."""
    return bool(values.size >= FEWEST and np.count_nonzero(values) < SPARSE * values.size)


def outputs_first(node: "NodeProto") -> tuple[int, ...] | None:
    """Return the axes of a layer's weight with its outputs first; None if the node is no layer with one group."""
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    if attributes.get("group", 1) != 1:
        return None
    if node.op_type == "Gemm":
        return (0, 1) if attributes.get("transB", 0) else (1, 0)
    return _OUTPUTS_FIRST.get(node.op_type)
