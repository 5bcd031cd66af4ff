"""Which faces a calibration set takes: no picture twice, and every pose and brightness as far as there are any."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Edge of the small grey pictures that are compared, and the correlation from which two are one picture.
SMALL = 32
DUPLICATE = 0.985

#: Degrees of yaw, and mean luma, between the bins that are balanced.
YAW_EDGES = (-15.0, -5.0, 5.0, 15.0)
BRIGHTNESS_EDGES = (0.35, 0.5, 0.65)


@dataclass(frozen=True)
class Candidate:
    """What choosing needs to know of a face.

    Args:
        key: its hash; orders faces that are equal otherwise.
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
        """Which pose and brightness it stands for."""
        return bin_of(self.yaw, self.brightness)


def bin_of(yaw: float | None, brightness: float) -> tuple[int, int]:
    """Return which bins of `YAW_EDGES` and `BRIGHTNESS_EDGES` a face lies in; without a yaw it counts as frontal."""
    return int(np.digitize(yaw or 0.0, YAW_EDGES)), int(np.digitize(brightness, BRIGHTNESS_EDGES))


def duplicates(candidates: Sequence[Candidate]) -> dict[int, int]:
    """Return for the position of each face that is there already the position of the one that stays.

    Two faces are one picture if their small grey pictures correlate by at least `DUPLICATE`: the same photo at another
    size, quality or brightness. Of those the one with the smallest key stays.
    """
    order = sorted(range(len(candidates)), key=lambda position: candidates[position].key)
    small = np.stack([_small(candidates[position].pixels) for position in order]) if order else np.zeros((0, 1))
    correlations = small @ small.T
    found: dict[int, int] = {}
    stay: list[int] = []
    for row in range(len(order)):
        like = [other for other in stay if correlations[row, other] >= DUPLICATE]
        if like:
            found[order[row]] = order[like[0]]
        else:
            stay.append(row)
    return found


def balanced(candidates: Sequence[Candidate], count: int) -> list[int]:
    """Return the positions of so many faces at most, bins of pose and brightness filled evenly; ordered by key.

    One face after the other is taken from each bin in turn until there are enough, so that rare poses are all in.
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
    """Return a face as a unit vector: grey, small, without its mean."""
    grey = pixels.astype(np.float64) @ (0.299, 0.587, 0.114)
    size = len(grey) // SMALL * SMALL
    blocks = grey[:size, :size].reshape(SMALL, size // SMALL, SMALL, size // SMALL).mean(axis=(1, 3))
    centred = blocks.reshape(-1) - blocks.mean()
    return centred / max(float(np.linalg.norm(centred)), 1e-9)
