"""The crop of an aligned face for a recognition network, as two fixed matrix products: exact in every runtime."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from f2p_deploy.character.face import LANDMARKS

Points = Mapping[str, tuple[float, float]]


class Crop(nn.Module):
    """A square crop of the aligned face, resampled bilinearly with antialiasing, as Pillow's `resize` does.

    The square is chosen by scale and shift, without rotation, so that the template's landmarks come nearest to the
    wanted ones (least squares). Beyond the aligned face its border pixels are repeated.

    Args:
        template: positions of the landmarks in the aligned face, in fractions of its edge, by the names of `LANDMARKS`.
        wanted: their positions in the crop, in fractions of its edge.
        size_in, size_out: edges of the aligned face and of the crop in pixels.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    columns_mirrored: torch.Tensor

    def __init__(self, template: Points, wanted: Points, size_in: int, size_out: int) -> None:
        super().__init__()
        left, top, edge = crop_square(template, wanted)
        rows = resampling_weights(size_in, size_out, top, edge)
        columns = resampling_weights(size_in, size_out, left, edge).T
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.register_buffer("columns", torch.from_numpy(np.ascontiguousarray(columns)), persistent=False)
        self.register_buffer("columns_mirrored", self.columns.flip(0), persistent=False)

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """Return the crops (N, C, size_out, size_out) of faces (N, C, size_in, size_in)."""
        return self.rows @ face @ self.columns

    def mirrored(self, face: torch.Tensor) -> torch.Tensor:
        """Return the crops of the mirror images of faces (N, C, size_in, size_in)."""
        return self.rows @ face @ self.columns_mirrored


def crop_square(template: Points, wanted: Points) -> tuple[float, float, float]:
    """Return left, top and edge of the square that `Crop` cuts out, in fractions of the aligned face's edge.

    Args:
        template, wanted: see `Crop`.
    """
    source = np.array([template[name] for name in LANDMARKS], np.float64)
    target = np.array([wanted[name] for name in LANDMARKS], np.float64)
    from_middle = source - source.mean(0)
    scale = float((from_middle * target).sum() / (from_middle**2).sum())
    left, top = source.mean(0) - target.mean(0) / scale
    return float(left), float(top), 1.0 / scale


def resampling_weights(size_in: int, size_out: int, start: float, extent: float) -> np.ndarray:
    """Return (size_out, size_in) float32 weights that resample a section of a line of pixels; each row sums to 1.

    Args:
        size_in, size_out: pixels of the line and of its resampled section.
        start, extent: start and length of the section, in lengths of the line; it may extend beyond the line.
    """
    step = extent * size_in / size_out
    centres = start * size_in + (np.arange(size_out) + 0.5) * step
    reach = max(step, 1.0)
    first = int(np.floor(centres[0] - reach)) - 1
    last = int(np.ceil(centres[-1] + reach)) + 1
    places = np.arange(first, last)
    weights = np.clip(1.0 - np.abs(places + 0.5 - centres[:, None]) / reach, 0.0, None)
    weights /= weights.sum(1, keepdims=True)
    inside = np.zeros((size_out, size_in))
    np.add.at(inside.T, np.clip(places, 0, size_in - 1), weights.T)
    return inside.astype(np.float32)
