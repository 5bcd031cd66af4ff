"""Measure the time of each layer alone, in float32 and in 8 bits: extracted from its graph, in ONNX Runtime."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.export.int8.convert_int8 import Int8Layer, quantised_name
from f2p_deploy.export.timing import medians_ms
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

if TYPE_CHECKING:
    from onnx import ModelProto


def layer_times(
    model: "ModelProto", quantised: "ModelProto", layers: Sequence[Int8Layer]
) -> dict[str, tuple[float, float]]:
    """Return the time of each layer in milliseconds, (float32, 8 bits), with its ReLU, by the layer's name.

    In 8 bits, a layer is timed from its quantised input to its quantised result; the quantisation of graph inputs is
    not part of it.

    Args:
        model: float32.
        quantised: the same model with all these layers in 8 bits.
        layers: layers of the model.
    """
    from onnx.utils import Extractor

    whole, rounded = Extractor(model), Extractor(quantised)
    values = {name for node in quantised.graph.node for name in node.output}
    times = {}
    for layer in layers:
        source, result = (
            quantised_name(value) if layer.whole and quantised_name(value) in values else value
            for value in (layer.source, layer.result)
        )
        pair = (
            _session(whole.extract_model([layer.source], [layer.result])),
            _session(rounded.extract_model([source], [result])),
        )
        float_ms, int8_ms = medians_ms([partial(session.run, None, _feed(session)) for session in pair])
        times[layer.name] = (float_ms, int8_ms)
    return times


def _session(model: "ModelProto") -> Any:
    return open_session(model.SerializeToString())


def _feed(session: Any) -> dict[str, np.ndarray]:
    """Return a random input of the shape and type that a session takes."""
    (info,) = session.get_inputs()
    rng = np.random.default_rng(0)
    if info.type == "tensor(float)":
        return {info.name: rng.standard_normal(info.shape).astype(np.float32)}
    return {info.name: rng.integers(64, 192, info.shape).astype(np.uint8)}
