"""Select the faces of a calibration set: without duplicates, and balanced over pose and brightness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Edge of the grey thumbnails that are compared, and the correlation from which two faces count as duplicates.
SMALL = 32
DUPLICATE = 0.985

#: Edges of the bins over which faces are balanced: yaw in degrees, and mean luma.
YAW_EDGES = (-15.0, -5.0, 5.0, 15.0)
BRIGHTNESS_EDGES = (0.35, 0.5, 0.65)


@dataclass(frozen=True)
class Candidate:
    """The facts about a face that the selection uses.

    Args:
        key: its hash; determines the order of faces.
        pixels: (S, S, 3) uint8 RGB, aligned.
        yaw: in degrees, or None.
        brightness: mean luma, in [0, 1].
    """

    key: str
    pixels: np.ndarray
    yaw: float | None
    brightness: float

    @property
    def bin(self) -> tuple[int, int]:
        """The bins of pose and brightness, see `bin_of`."""
        return bin_of(self.yaw, self.brightness)


def bin_of(yaw: float | None, brightness: float) -> tuple[int, int]:
    """Return a face's bins of `YAW_EDGES` and `BRIGHTNESS_EDGES`; without a yaw it counts as frontal."""
    return int(np.digitize(yaw or 0.0, YAW_EDGES)), int(np.digitize(brightness, BRIGHTNESS_EDGES))


def duplicates(candidates: Sequence[Candidate]) -> dict[int, int]:
    """Return the positions of duplicates, each with the position of the face that stays.

    Two faces are duplicates if their grey thumbnails have a correlation of at least `DUPLICATE`: the same photo in
    another size, quality or brightness. The one with the smallest key stays.
    """
    order = sorted(range(len(candidates)), key=lambda position: candidates[position].key)
    small = np.stack([_small(candidates[position].pixels) for position in order]) if order else np.zeros((0, 1))
    correlations = small @ small.T
    replaced_by: dict[int, int] = {}
    stay: list[int] = []
    for row in range(len(order)):
        like = [other for other in stay if correlations[row, other] >= DUPLICATE]
        if like:
            replaced_by[order[row]] = order[like[0]]
        else:
            stay.append(row)
    return replaced_by


def balanced(candidates: Sequence[Candidate], count: int) -> list[int]:
    """Return the positions of at most `count` faces, balanced over the bins of pose and brightness; ordered by key.

    Faces are taken from each bin in turn until there are enough, so that rare poses are all included.
    """
    bins: dict[tuple[int, int], list[int]] = {}
    for position in sorted(range(len(candidates)), key=lambda position: candidates[position].key):
        bins.setdefault(candidates[position].bin, []).append(position)
    chosen: list[int] = []
    for turn in range(max((len(members) for members in bins.values()), default=0)):
        for name in sorted(bins):
            if turn < len(bins[name]) and len(chosen) < count:
                chosen.append(bins[name][turn])
    return sorted(chosen, key=lambda position: candidates[position].key)


def _small(pixels: np.ndarray) -> np.ndarray:
    """Return a face's grey thumbnail as a unit vector, with its mean subtracted."""
    grey = pixels.astype(np.float64) @ (0.299, 0.587, 0.114)
    size = len(grey) // SMALL * SMALL
    blocks = grey[:size, :size].reshape(SMALL, size // SMALL, SMALL, size // SMALL).mean(axis=(1, 3))
    centred = blocks.reshape(-1) - blocks.mean()
    return centred / max(float(np.linalg.norm(centred)), 1e-9)
