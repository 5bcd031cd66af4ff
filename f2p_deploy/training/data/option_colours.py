"""Options that have a colour, told by the colour of a part of the face: skin tones by skin, hair colours by hair.

The engine's label maps say where in a render hair is, so renders show what colour each option comes out as; the label
maps of portraits say what colour a person's is. Which group shows in which region is measured, not written down.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.similarity import COLOURED_REGIONS

#: Fewest pixels that a region's colour is taken from.
_FEWEST_PIXELS = 30

#: Share of a region's colour variance over renders that a group's options must explain to be told by it.
LEAST_EXPLAINED = 0.75


def region_colours(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (N, R, 3) float32 median RGB in [0, 1] of each of `COLOURED_REGIONS`, NaN where one hardly shows.

    Args:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N, S, S) Helen classes; others count as no region.
    """
    colours = np.full((len(pictures), len(COLOURED_REGIONS), 3), np.nan, np.float32)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        for k, region in enumerate(COLOURED_REGIONS):
            inside = np.isin(label, [HELEN_CLASSES.index(name) for name in region])
            if np.count_nonzero(inside) >= _FEWEST_PIXELS:
                colours[i, k] = np.median(picture[inside], axis=0) / 255.0
    return colours


@dataclass(frozen=True)
class _Told:
    """How one group is told: the region, and (K, 3) colours of its options in it, NaN for one that was never drawn."""

    region: int
    colours: np.ndarray
    default: int


class OptionColours:
    """The colours of options, learned from renders.

    Args:
        schema: has the groups.
        parameters: (N, n) of renders, at least one.
        colours: (N, R, 3) of the same, see `region_colours`.
    """

    def __init__(self, schema: Schema, parameters: np.ndarray, colours: np.ndarray) -> None:
        self._told: dict[str, _Told] = {}
        defaults = average(schema).values
        for name, part in schema.discrete_slices.items():
            options = parameters[:, part].argmax(axis=1)
            measured = [_explain(options, colours[:, k], part.stop - part.start) for k in range(colours.shape[1])]
            best = int(np.argmax([explained for explained, _ in measured]))
            if measured[best][0] >= LEAST_EXPLAINED:
                self._told[name] = _Told(best, measured[best][1], int(defaults[part].argmax()))

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that a colour tells."""
        return tuple(self._told)

    def __call__(self, colours: np.ndarray) -> dict[str, np.ndarray]:
        """Return, by group, (N,) int64 options nearest to colours (N, R, 3); the default where they are unknown."""
        found = {}
        for name, told in self._told.items():
            apart = np.square(colours[:, told.region, None] - told.colours).sum(axis=2)
            known = np.isfinite(apart).any(axis=1)
            nearest = np.where(np.isfinite(apart), apart, np.inf).argmin(axis=1)
            found[name] = np.where(known, nearest, told.default)
        return found


def _explain(options: np.ndarray, colours: np.ndarray, count: int) -> tuple[float, np.ndarray]:
    """Return the share of (N, 3) colours' variance that the options explain, and (count, 3) means of each option."""
    means = np.full((count, 3), np.nan)
    known = np.isfinite(colours).all(axis=1)
    options, colours = options[known], colours[known].astype(np.float64)
    if len(options) < 2:
        return 0.0, means
    for option in np.unique(options):
        means[option] = colours[options == option].mean(axis=0)
    total = np.square(colours - colours.mean(axis=0)).sum()
    left = np.square(colours - means[options]).sum()
    return (float(1.0 - left / total) if total > 0 else 0.0), means
