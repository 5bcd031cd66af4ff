"""Measures the inputs of layers on real faces: how much an error in each weight matters."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.export.palette.layer_weights import layer_weights
from f2p_deploy.runtimes.batches import split_in_batches
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: Largest number of places of a picture at which a layer's input is looked at.
PLACES = 100


@dataclass
class Moments:
    """The first and second moments of a layer's inputs.

    Args:
        mean: (C,) float64.
        second: (C, C) float64, the mean of the products of two inputs.
        count: how many inputs were looked at.
    """

    mean: np.ndarray
    second: np.ndarray
    count: int


def input_moments(
    model: "ModelProto", inputs: Mapping[str, np.ndarray], batch: int = 1, known: Collection[bytes] = ()
) -> dict[bytes, Moments]:
    """Return the moments of the inputs of a model's layers, by the key of the layer's weight.

    Args:
        model: float32, every weight inside; not changed.
        inputs: tensors by name, K rows each; the last batch is padded with the last row.
        batch: the model's static batch.
        known: keys of weights that need not be measured.
    """
    from onnx import ModelProto, helper

    weights = {weight.name: weight for weight in layer_weights(model) if weight.key not in known}
    nodes = [node for node in model.graph.node if len(node.input) > 1 and node.input[1] in weights and _plain(node)]
    if not nodes:
        return {}
    watched = ModelProto()
    watched.CopyFrom(model)
    fed = {value.name for value in model.graph.input}
    names = sorted({node.input[0] for node in nodes} - fed)
    shown = {value.name for value in model.graph.output}
    watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names if name not in shown)
    session = open_session(watched.SerializeToString())
    random = np.random.default_rng(0)
    sums: dict[bytes, list[np.ndarray]] = {}
    counts: dict[bytes, int] = {}
    for feed in split_in_batches(inputs, batch):
        values = feed | dict(zip(names, session.run(names, feed) if names else (), strict=True))
        for node in nodes:
            weight = weights[node.input[1]]
            kernel = weight.shape[2:] if node.op_type == "Conv" else ()
            seen = _seen(node, values[node.input[0]], kernel, random)
            total = sums.setdefault(weight.key, [np.zeros(seen.shape[1]), np.zeros((seen.shape[1],) * 2)])
            total[0] += seen.sum(axis=0)
            total[1] += seen.T @ seen
            counts[weight.key] = counts.get(weight.key, 0) + len(seen)
    return {
        key: Moments(mean / counts[key], second / counts[key], counts[key]) for key, (mean, second) in sums.items()
    }


def _plain(node: "NodeProto") -> bool:
    """Return whether a layer's input can be looked at: no dilation, and padding by numbers."""
    from onnx import helper

    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    explicit = attributes.get("auto_pad", b"NOTSET") == b"NOTSET"
    return explicit and set(attributes.get("dilations", [1])) == {1} and not attributes.get("transA", 0)


def _seen(
    node: "NodeProto", value: np.ndarray, kernel: tuple[int, ...], random: np.random.Generator
) -> np.ndarray:
    """Return what a layer reads at some places: (N, C) float32."""
    from onnx import helper

    if node.op_type not in ("Conv", "ConvTranspose"):
        return value.reshape(-1, value.shape[-1])
    if node.op_type == "ConvTranspose":
        places = value.transpose(0, 2, 3, 1).reshape(-1, value.shape[1])
        return places[random.permutation(len(places))[:PLACES]]
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    down, across = attributes.get("strides", [1, 1])
    padded = np.pad(value, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))[:, :, ::down, ::across]
    windows = windows.transpose(0, 2, 3, 1, 4, 5)
    shape = windows.shape[:3]
    chosen = np.unravel_index(random.permutation(int(np.prod(shape)))[:PLACES], shape)
    return windows[chosen].reshape(len(chosen[0]), -1)
