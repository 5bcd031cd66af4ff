"""The selection ratio of each method: the share of judges who select its character, mean over photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate, crossed_share
from f2p_deploy.evaluation.selection.selection_choices import Sitting
from f2p_deploy.evaluation.selection.selection_set import SelectionSet


@dataclass(frozen=True)
class SelectionReport:
    """The figures of a subjective evaluation.

    Args:
        selection: what was judged.
        sittings: the judges' choices.
        ratios: selection ratio by method, with its interval over judges and photos.
        by_photo: (P, M) selection ratio by photo and method; NaN for a photo that nobody judged.
        answers: (P,) number of judges of each photo.
        by_position: (M,) share of all choices by position on the screen; 1 / M if positions do not matter.
        agreement: share of pairs of judges that selected the same character of a photo; NaN with one judge.
        chance: the share that is expected if every judge selects at random in these ratios.
    """

    selection: SelectionSet
    sittings: tuple[Sitting, ...]
    ratios: Mapping[str, Estimate]
    by_photo: np.ndarray
    answers: np.ndarray
    by_position: np.ndarray
    agreement: float
    chance: float

    @property
    def complete(self) -> int:
        """Number of judges who judged every photo."""
        return sum(len(one.choices) == len(self.selection.photos) for one in self.sittings)

    def ratios_of(self, sitting: Sitting) -> list[float]:
        """Return the share of one judge's choices by method."""
        chosen = [choice.method for choice in sitting.choices.values()]
        return [chosen.count(method) / len(chosen) for method in self.selection.methods]


def measure_selection(selection: SelectionSet, sittings: Sequence[Sitting], seed: int = 0) -> SelectionReport:
    """Return the figures of one or more judges, each with one choice or more.

    Args:
        selection: what was judged.
        sittings: the judges' choices, see `read_sittings`.
        seed: random seed of the intervals.
    """
    methods = selection.methods
    hits = np.zeros((len(methods), len(sittings), len(selection.photos)), dtype=bool)
    positions = np.zeros(len(methods))
    for j, sitting in enumerate(sittings):
        for p, photo in enumerate(selection.photos):
            choice = sitting.choices.get(photo.identity)
            if choice is not None:
                hits[methods.index(choice.method), j, p] = True
                positions[choice.position] += 1
    answered = np.asarray(hits.any(axis=0))
    judged = np.asarray(answered.any(axis=0))
    ratios = {
        method: crossed_share(hits[m][:, judged], answered[:, judged], seed) for m, method in enumerate(methods)
    }
    answers = answered.sum(axis=0)
    counts = hits.sum(axis=1).T
    with np.errstate(invalid="ignore"):
        by_photo = counts / answers[:, None]
    agreement, chance = _agreement(counts)
    shares = positions / positions.sum()
    return SelectionReport(selection, tuple(sittings), ratios, by_photo, answers, shares, agreement, chance)


def _agreement(counts: np.ndarray) -> tuple[float, float]:
    """Return observed and expected agreement of pairs of judges (Fleiss 1971) from (P, M) counts of choices."""
    counts = counts[counts.sum(axis=1) >= 2].astype(np.float64)
    if not len(counts):
        return float("nan"), float("nan")
    given = counts.sum(axis=1)
    observed = ((counts**2).sum(axis=1) - given) / (given * (given - 1))
    shares = counts.sum(axis=0) / counts.sum()
    return float(observed.mean()), float((shares**2).sum())
