"""Rounded weights in the shape that a layer's weight has, for converters that name and turn weights otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from f2p_deploy.export.palette.coding import HALF
from f2p_deploy.export.palette.layer_weights import LayerWeight
from f2p_deploy.export.palette.rounding import RoundedWeight

#: Largest difference between equal weights, as a share of the largest one: half precision rounds by up to 5e-4.
SAME = 2e-3


@dataclass(frozen=True)
class RoundedLayer:
    """A layer's weight and what it is rounded to.

    Args:
        weight: float32 as it was before.
        codes: of the same shape, see `RoundedWeight`.
        values: (G, 2^bits) float16, palettes of groups of output channels; None without palettes.
        channels: the axis of the output channels.
        half: whether it stays float16.
    """

    weight: np.ndarray
    codes: np.ndarray
    values: np.ndarray | None
    channels: int
    half: bool = False

    @classmethod
    def of(cls, weight: LayerWeight, rounded: RoundedWeight) -> "RoundedLayer":
        """Return a rounded weight in the shape of its layer."""
        codes = rounded.codes.reshape(weight.shape).transpose(weight.back)
        before, codes = weight.restored(weight.matrix), np.ascontiguousarray(codes)
        return cls(before, codes, rounded.values, weight.order[0], rounded.bits == HALF)

    @property
    def turned(self) -> "RoundedLayer":
        """The same layer with its matrix transposed."""
        return RoundedLayer(self.weight.T, self.codes.T, self.values, 1 - self.channels, self.half)

    def parts(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the palette and the codes of each group of output channels, in their order.

        Raises:
            ValueError: a layer without palettes.
        """
        if self.values is None:
            raise ValueError("this layer has no palettes")
        groups = np.split(self.codes, len(self.values), axis=self.channels)
        return list(zip(self.values, groups, strict=True))


def layer_of(weight: np.ndarray, layers: Iterable[RoundedLayer]) -> RoundedLayer | None:
    """Return the layer with this weight, turned like it; None if there is none.

    Args:
        weight: float16 or float32; equal weights may differ by the rounding of float16.
        layers: to search.
    """
    for layer in layers:
        for one in (layer, layer.turned) if weight.ndim == 2 else (layer,):
            if one.weight.shape == weight.shape:
                largest = np.abs(one.weight - weight).max()
                if largest <= SAME * np.abs(one.weight).max():
                    return one
    return None
