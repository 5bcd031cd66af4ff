"""What each layer takes alone, in float32 and in 8 bits: cut out of its graph and run by ONNX Runtime."""

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
    """Return the milliseconds of each layer in float32 and in 8 bits, its rectifier included, by the layer's name.

    In 8 bits from what is quantised already to what is quantised again: rounding between layers is the graph's.

    Args:
        model: float32.
        quantised: the same with all the layers in 8 bits.
        layers: of the model.
    """
    from onnx.utils import Extractor

    whole, rounded = Extractor(model), Extractor(quantised)
    made = {name for node in quantised.graph.node for name in node.output}
    found = {}
    for layer in layers:
        given, result = (
            quantised_name(value) if layer.whole and quantised_name(value) in made else value
            for value in (layer.given, layer.result)
        )
        pair = (
            _session(whole.extract_model([layer.given], [layer.result])),
            _session(rounded.extract_model([given], [result])),
        )
        found[layer.name] = medians_ms([partial(session.run, None, _feed(session)) for session in pair])
    return {name: (times[0], times[1]) for name, times in found.items()}


def _session(model: "ModelProto") -> Any:
    return open_session(model.SerializeToString())


def _feed(session: Any) -> dict[str, np.ndarray]:
    """Return some input of the shape and type that a session takes."""
    (given,) = session.get_inputs()
    rng = np.random.default_rng(0)
    if given.type == "tensor(float)":
        return {given.name: rng.standard_normal(given.shape).astype(np.float32)}
    return {given.name: rng.integers(64, 192, given.shape).astype(np.uint8)}
