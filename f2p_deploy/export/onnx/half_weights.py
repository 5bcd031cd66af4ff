"""Store float16 weights of a bundle in float16 in ONNX; the computation stays float32, with the same results.

Folding a batch norm multiplies a layer's float16 weights by a float32 factor for each row or column. Such a weight is
stored without the factors, and the graph multiplies them in. Runtimes evaluate these products and casts once, when
they load a graph.
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.export.onnx.onnx_weights import SMALLEST
from f2p_deploy.model.networks.batch_norm_folding import folded

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto
    from torch import nn

#: Largest difference between a product and the weight that it replaces, relative to the largest weight (rounding).
SAME = 2.0**-21


@dataclass(frozen=True)
class HalfWeight:
    """A float32 weight as a product of a float16 weight and float32 factors.

    Args:
        values: float16, of the weight's shape.
        factors: float32, one for each row, one for each column, or both; shaped so that they broadcast.
    """

    values: np.ndarray
    factors: tuple[np.ndarray, ...] = ()

    def widened(self) -> np.ndarray:
        """Return the float32 weight, as a graph computes it."""
        weight = self.values.astype(np.float32)
        for factor in self.factors:
            weight = weight * factor
        return weight

    def stands_for(self, weight: np.ndarray) -> bool:
        """Return whether it equals a weight up to float32 rounding and takes less space."""
        smaller = 2 * self.values.size + sum(factor.nbytes for factor in self.factors) < weight.nbytes
        return smaller and float(np.abs(self.widened() - weight).max()) <= SAME * float(np.abs(weight).max())


def keep_halves(
    models: Mapping[str, "ModelProto"], modules: Mapping[str, "nn.Module"]
) -> dict[str, "ModelProto"]:
    """Return models that store weights in float16 wherever that is lossless; all others stay float32.

    Args:
        models: float32 ONNX by the graph's name, every weight inside; not changed. Each weight has its name in the
            module, or the same content as a weight that has.
        modules: the modules from which the models were exported, with batch norms not folded; not changed.
    """
    from onnx import numpy_helper

    known: dict[bytes, HalfWeight] = {}
    for name, model in models.items():
        parts = _taken_apart(modules[name])
        for weight in _large(model):
            values = numpy_helper.to_array(weight)
            half = parts.get(weight.name)
            if half is not None and half.values.shape == values.shape and half.stands_for(values):
                known[_key(values)] = half
    return {name: _with_halves(model, known) for name, model in models.items()}


def _large(model: "ModelProto") -> list["TensorProto"]:
    """Return the float32 matrices and kernels of at least `SMALLEST` bytes."""
    from onnx import TensorProto

    weights = (weight for weight in model.graph.initializer if weight.data_type == TensorProto.FLOAT)
    return [weight for weight in weights if len(weight.dims) > 1 and 4 * int(np.prod(weight.dims)) >= SMALLEST]


def _taken_apart(module: "nn.Module") -> dict[str, HalfWeight]:
    """Return the layers' weights that fit float16, by name, with the factors that folding multiplies in."""
    import torch
    from torch import nn

    layers = {
        f"{name}.weight": part.weight.detach()
        for name, part in module.named_modules()
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    }
    exact = {name: weight.numpy().astype(np.float16) for name, weight in layers.items() if _fits(weight.numpy())}
    # Folding is linear in the weights, so folding weights of ones yields the factors.
    ones = deepcopy(module)
    with torch.no_grad():
        for name in layers:
            ones.get_parameter(name).fill_(1.0)
    products = folded(ones).state_dict()
    return {name: HalfWeight(values, _factors(products[name].numpy())) for name, values in exact.items()}


def _fits(weight: np.ndarray) -> bool:
    """Return whether float16 represents every number of a weight exactly."""
    with np.errstate(over="ignore"):
        return bool((weight.astype(np.float16).astype(np.float32) == weight).all())


def _factors(product: np.ndarray) -> tuple[np.ndarray, ...]:
    """Split a product into factors along the first two axes: two, one if a single axis is enough, or none.

    Args:
        product: (R, C, ...), constant along all further axes.
    """
    flat = product.reshape(*product.shape[:2], -1)[:, :, 0]
    row, column = np.unravel_index(np.abs(flat).argmax(), flat.shape)
    kernel = (1,) * (product.ndim - 2)
    rows, columns = flat[:, column].reshape(-1, 1, *kernel), flat[row].reshape(1, -1, *kernel)
    if (rows == rows[0]).all():
        return () if (columns == 1.0).all() else (columns,)
    return (rows,) if (columns == columns[:, :1]).all() else (rows, columns / flat[row, column])


def _with_halves(model: "ModelProto", known: Mapping[bytes, HalfWeight]) -> "ModelProto":
    from onnx import ModelProto, numpy_helper

    converted = ModelProto()
    converted.CopyFrom(model)
    large = {weight.name for weight in _large(model)}
    stored: list[TensorProto] = []
    nodes: list[NodeProto] = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight) if weight.name in large else None
        half = None if values is None else known.get(_key(values))
        if half is None and values is not None and _fits(values):
            half = HalfWeight(values.astype(np.float16))
        if half is None:
            stored.append(weight)
            continue
        weights, widening = _widened(weight.name, half)
        stored += weights
        nodes += widening
    del converted.graph.initializer[:], converted.graph.node[:]
    converted.graph.initializer.extend(stored)
    converted.graph.node.extend([*nodes, *model.graph.node])
    return converted


def _widened(name: str, half: HalfWeight) -> tuple[list["TensorProto"], list["NodeProto"]]:
    """Return the weights to store, and the nodes that compute the float32 weight from them under its original name."""
    from onnx import TensorProto, helper, numpy_helper

    parts = [(f"{name}.factor{number}", factor) for number, factor in enumerate(half.factors)]
    stored = [numpy_helper.from_array(half.values, f"{name}.float16")]
    stored += [numpy_helper.from_array(factor, part) for part, factor in parts]
    names = [*(f"{name}.times{number}" for number in range(len(parts))), name]
    nodes = [helper.make_node("Cast", [stored[0].name], [names[0]], f"{name}.widen", to=TensorProto.FLOAT)]
    for (part, _), before, after in zip(parts, names[:-1], names[1:], strict=True):
        nodes.append(helper.make_node("Mul", [before, part], [after], f"{part}.multiply"))
    return stored, nodes


def _key(weight: np.ndarray) -> bytes:
    return hashlib.sha256(repr(weight.shape).encode() + np.ascontiguousarray(weight).tobytes()).digest()
