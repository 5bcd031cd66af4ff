"""The result of a stage: figures with their two anchors, badness, and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: The stages in the order of processing.
STAGES = ("alignment", "imitator", "segmentation", "recognition", "translator", "iterative")


@dataclass(frozen=True)
class Figure:
    """A measured number with its two anchors.

    Args:
        name: description of the number.
        value: the measured value.
        unit: `dB`, `px`, ...; empty for fractions.
        perfect: value of a perfect stage, if known.
        nothing: value of the uninformed baseline, if known.
    """

    name: str
    value: float
    unit: str = ""
    perfect: float | None = None
    nothing: float | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of pictures for the page.

    Args:
        title: description of the rows.
        rows: (B, H, W, 3) uint8 RGB, by name of the row.
        large: show large pictures, since details matter.
    """

    title: str
    rows: Mapping[str, np.ndarray]
    large: bool = False


@dataclass(frozen=True, eq=False)
class StageResult:
    """The measurement of a stage.

    Args:
        stage: one of `STAGES`.
        badness: 0 for a perfect stage, 1 for the uninformed baseline, more if worse; None if not measured.
        basis: the measure behind the badness.
        figures: all measured numbers.
        sheets: pictures.
        missing: the reason why it was not measured.
        main: number of figures, from the first, for a summary.
    """

    stage: str
    badness: float | None = None
    basis: str = ""
    figures: tuple[Figure, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    missing: str = ""
    main: int = 2


def badness(value: float, perfect: float, nothing: float) -> float:
    """Return a value's position between a perfect stage (0) and the baseline (1); it may lie beyond either.

    Returns 0 if the two anchors coincide.
    """
    span = nothing - perfect
    return (value - perfect) / span if abs(span) > 1e-9 else 0.0
