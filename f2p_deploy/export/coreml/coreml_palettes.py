"""Weights of few bits of a Core ML model, as they were chosen beforehand: palettes, 8-bit integers, some in float16."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from f2p_deploy.export.coreml.coreml_weights import SMALLEST_WEIGHTS, linear_weights
from f2p_deploy.export.palette.rounded_layers import RoundedLayer, layer_of
from f2p_deploy.system.errors import CompilerError


def in_few_bits(model: Any, layers: Sequence[RoundedLayer]) -> Any:
    """Return a model whose layers have the rounded weights; weights that are not among them stay float16.

    The computation stays in float16.

    Args:
        model: coremltools' model.
        layers: the rounded weights of its layers, as `CORE_ML_17` or `CORE_ML_18` stores them.

    Raises:
        CompilerError: coremltools left out one of them.
    """
    from coremltools.optimize import coreml

    configs, found, halves = {}, set(), []
    for name, weight in coreml.get_weights_metadata(model, weight_threshold=SMALLEST_WEIGHTS).items():
        layer = layer_of(weight.val, layers)
        if layer is not None and layer.values is not None:
            by_channel = len(layer.values) > 1
            configs[name] = coreml.OpPalettizerConfig(
                mode="custom",
                lut_function=_in_turn(layer),
                weight_threshold=SMALLEST_WEIGHTS,
                granularity="per_grouped_channel" if by_channel else "per_tensor",
                group_size=1 if by_channel else 0,
                channel_axis=layer.channels,
            )
            found.add(layer.codes.tobytes())
        elif layer is None or layer.half:
            halves.append(name)
    wanted = {layer.codes.tobytes() for layer in layers if layer.values is not None}
    if found != wanted:
        raise CompilerError(f"{len(wanted - found)} of {len(wanted)} rounded weights are not in the Core ML model")
    if configs:
        model = coreml.palettize_weights(model, coreml.OptimizationConfig(op_name_configs=configs))
    return linear_weights(model, halves)


def _in_turn(layer: RoundedLayer) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a function that gives a group's palette and codes each time coremltools asks for the next one.

    coremltools 9.0 exchanges the axis of channels with the first one before it asks, even for a whole layer.
    """
    parts = iter(layer.parts())

    def table(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, codes = next(parts)
        return values.astype(weight.dtype), np.swapaxes(codes, 0, layer.channels).reshape(-1)

    return table
