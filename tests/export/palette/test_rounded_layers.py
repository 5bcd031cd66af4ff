"""Rounded layers: found again by their values, in whichever way another converter has turned them."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from f2p_deploy.export.palette.coding import CORE_ML_17, CORE_ML_18, Coding  # noqa: E402
from f2p_deploy.export.palette.layer_weights import layer_weights  # noqa: E402
from f2p_deploy.export.palette.rounded_layers import RoundedLayer, layer_of  # noqa: E402
from f2p_deploy.export.palette.rounding import round_weight  # noqa: E402
from tests.export.palette.test_layer_weights import model_of  # noqa: E402


@pytest.mark.parametrize("coding", [CORE_ML_17, CORE_ML_18])
@pytest.mark.parametrize(
    ("kind", "dims", "channels"),
    [("Conv", (32, 16, 3, 3), 0), ("ConvTranspose", (64, 16, 4, 4), 1), ("MatMul", (64, 128), 1)],
)
def test_palettes_and_codes_give_the_rounded_weight(
    kind: str, dims: tuple[int, ...], channels: int, coding: Coding
) -> None:
    (weight,) = layer_weights(model_of(kind, dims))
    rounded = round_weight(weight, 4, None, False, coding)
    layer = RoundedLayer.of(weight, rounded)
    assert layer.weight.shape == layer.codes.shape == dims and layer.channels == channels
    parts = [values.astype(np.float32)[codes] for values, codes in layer.parts()]
    assert np.array_equal(np.concatenate(parts, axis=channels), weight.restored(rounded.matrix()))
    half = RoundedLayer.of(weight, round_weight(weight, 16, None, False, coding))
    assert half.half and not layer.half and np.array_equal(half.codes.view(np.float16), half.weight.astype(np.float16))
    steps = RoundedLayer.of(weight, round_weight(weight, 8, None, False, coding))
    with pytest.raises(ValueError, match="no palettes"):
        steps.parts()


def test_a_layer_is_found_by_its_values() -> None:
    layers = []
    for seed in range(3):
        (weight,) = layer_weights(model_of("MatMul", (64, 128), seed=seed))
        layers.append(RoundedLayer.of(weight, round_weight(weight, 4, None, False, CORE_ML_17)))
    wanted = layers[1].weight
    assert layer_of(wanted.astype(np.float16), layers) is layers[1]
    turned = layer_of(np.ascontiguousarray(wanted.T), layers)
    assert turned is not None and np.array_equal(turned.codes, layers[1].codes.T) and turned.channels == 0
    assert layer_of(wanted * 1.01, layers) is None and layer_of(wanted[:32], layers) is None
