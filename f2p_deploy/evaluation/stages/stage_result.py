"""What is known about one stage: figures between their two anchors, its badness, and pictures of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: The stages in the order in which a photo becomes a character.
STAGES = ("alignment", "imitator", "segmentation", "recognition", "translator", "iterative")


@dataclass(frozen=True)
class Figure:
    """One number.

    Args:
        name: what it is.
        value: as measured.
        unit: `dB`, `px`, ...; nothing for fractions.
        perfect: what a perfect stage would have here, where that is known.
        nothing: what something that knows nothing would have here, where that is known.
    """

    name: str
    value: float
    unit: str = ""
    perfect: float | None = None
    nothing: float | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture for the page.

    Args:
        title: what it shows, row by row.
        rows: by the name of each row, (B, H, W, 3) uint8 RGB.
        large: details matter.
    """

    title: str
    rows: Mapping[str, np.ndarray]
    large: bool = False


@dataclass(frozen=True, eq=False)
class StageResult:
    """One stage, measured.

    Args:
        stage: one of `STAGES`.
        badness: 0 is perfect, 1 knows nothing, more is worse than that; None where it could not be measured.
        basis: what the badness was measured by.
        figures: all that was measured.
        sheets: pictures.
        missing: why it could not be measured.
        main: how many of the first figures stand for the others in a summary.
    """

    stage: str
    badness: float | None = None
    basis: str = ""
    figures: tuple[Figure, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    missing: str = ""
    main: int = 2


def badness(value: float, perfect: float, nothing: float) -> float:
    """Return where a value lies between perfect (0) and knowing nothing (1); it may lie beyond either.

    Where the anchors coincide nothing can be said against the stage, and the answer is 0.
    """
    span = nothing - perfect
    return (value - perfect) / span if abs(span) > 1e-9 else 0.0
