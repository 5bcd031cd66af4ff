"""Options recognised by the colour of a region of the face: skin tones by the skin, hair colours by the hair.

With the engine's label maps, renders give the colour of each option in each region; with the label maps of portraits,
photos give the colours of a person. The region that shows a group is measured, not configured.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.similarity import COLOURED_REGIONS
from f2p_deploy.training.data.face_cache import Rows

#: Minimum number of pixels of a region for its colour to be known.
_FEWEST_PIXELS = 30

#: Minimum share of a region's colour variance over renders that a group's options must explain.
LEAST_EXPLAINED = 0.75


def region_colours(pictures: Rows, labels: Rows) -> np.ndarray:
    """Return (N, R, 3) float32 median RGB in [0, 1] of each of `COLOURED_REGIONS`; NaN if a region has too few pixels.

    Args:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N, S, S) Helen classes; other values belong to no region.
    """
    colours = np.full((len(pictures), len(COLOURED_REGIONS), 3), np.nan, np.float32)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        for k, region in enumerate(COLOURED_REGIONS):
            inside = np.isin(label, [HELEN_CLASSES.index(name) for name in region])
            if np.count_nonzero(inside) >= _FEWEST_PIXELS:
                colours[i, k] = np.median(picture[inside], axis=0) / 255.0
    return colours


@dataclass(frozen=True)
class _GroupColours:
    """The colours of one group's options.

    Args:
        region: position among `COLOURED_REGIONS`.
        colours: (K, 3) RGB of the options there, NaN for an option that no render shows.
        default: position of the default option.
    """

    region: int
    colours: np.ndarray
    default: int


class OptionColours:
    """The colours of options, learned from renders.

    Args:
        schema: gives the groups.
        parameters: (N, n) of renders, at least one.
        colours: (N, R, 3) of the same renders, see `region_colours`.
    """

    def __init__(self, schema: Schema, parameters: np.ndarray, colours: np.ndarray) -> None:
        self._groups: dict[str, _GroupColours] = {}
        defaults = average(schema).values
        for name, part in schema.discrete_slices.items():
            options = parameters[:, part].argmax(axis=1)
            measured = [_explain(options, colours[:, k], part.stop - part.start) for k in range(colours.shape[1])]
            best = int(np.argmax([explained for explained, _ in measured]))
            if measured[best][0] >= LEAST_EXPLAINED:
                self._groups[name] = _GroupColours(best, measured[best][1], int(defaults[part].argmax()))

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that a colour explains."""
        return tuple(self._groups)

    def __call__(self, colours: np.ndarray) -> dict[str, np.ndarray]:
        """Return, by group, (N,) int64 options nearest to colours (N, R, 3); the default for unknown colours."""
        options = {}
        for name, group in self._groups.items():
            distances = np.square(colours[:, group.region, None] - group.colours).sum(axis=2)
            known = np.isfinite(distances).any(axis=1)
            nearest = np.where(np.isfinite(distances), distances, np.inf).argmin(axis=1)
            options[name] = np.where(known, nearest, group.default)
        return options


def _explain(options: np.ndarray, colours: np.ndarray, count: int) -> tuple[float, np.ndarray]:
    """Return the share of the variance of (N, 3) colours that the options explain, and (count, 3) means by option."""
    means = np.full((count, 3), np.nan)
    known = np.isfinite(colours).all(axis=1)
    options, colours = options[known], colours[known].astype(np.float64)
    if len(options) < 2:
        return 0.0, means
    for option in np.unique(options):
        means[option] = colours[options == option].mean(axis=0)
    total = np.square(colours - colours.mean(axis=0)).sum()
    residual = np.square(colours - means[options]).sum()
    return (float(1.0 - residual / total) if total > 0 else 0.0), means
