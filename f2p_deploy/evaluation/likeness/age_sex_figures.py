"""Agreement of sex and age between photos and characters, both estimated by an independent network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from f2p_deploy.evaluation.bootstrap import DRAWS, Estimate, interval_of, share
from f2p_deploy.training.data.age_sex import AgeSex

#: Minimum number of faces for a correlation.
FEWEST = 3


@dataclass(frozen=True)
class AgeSexFigures:
    """Agreement of the judge's estimates for characters with its estimates for their photos.

    Args:
        people: number of pairs in which both photo and character have a face.
        women, men: number of photos that the judge classifies as such.
        women_right, men_right: share of these whose character is classified the same; None if there are none.
        age_correlation: Pearson's correlation, photo to character.
        age_spread: standard deviation of the characters' ages / standard deviation of the photos' ages.
        photo_age, character_age: medians in years.
        older: mean of character's age - photo's age, in years.
    """

    people: int
    women: int
    men: int
    women_right: Estimate | None
    men_right: Estimate | None
    age_correlation: Estimate
    age_spread: Estimate
    photo_age: float
    character_age: float
    older: float


def compare_age_sex(photos: Sequence[AgeSex], characters: Sequence[AgeSex], seed: int) -> AgeSexFigures | None:
    """Compare a judge's estimates for photos and characters of the same people; None for fewer than `FEWEST` faces.

    Args:
        photos, characters: in the same order of people.
        seed: random seed of the confidence intervals.
    """
    both = [(p, c) for p, c in zip(photos, characters, strict=True) if p.known and c.known]
    if len(both) < FEWEST:
        return None
    photo_male, male = (np.array([pair[i].male > 0.5 for pair in both]) for i in (0, 1))
    photo_age, age = (np.array([pair[i].age for pair in both]) for i in (0, 1))
    draws = np.random.default_rng(seed).integers(0, len(both), (DRAWS, len(both)))

    def right(who: np.ndarray) -> Estimate | None:
        if not who.any():
            return None
        same = (male == photo_male)[who]
        return share(same, np.random.default_rng(seed).integers(0, len(same), (DRAWS, len(same))))

    everybody = np.arange(len(both))
    wide, high = photo_age.std(), age.std()
    return AgeSexFigures(
        people=len(both),
        women=int((~photo_male).sum()),
        men=int(photo_male.sum()),
        women_right=right(~photo_male),
        men_right=right(photo_male),
        age_correlation=Estimate(
            float(_correlations(photo_age, age, everybody)), *interval_of(_correlations(photo_age, age, draws))
        ),
        age_spread=Estimate(
            float(high / max(wide, 1e-9)),
            *interval_of(age[draws].std(axis=1) / np.maximum(photo_age[draws].std(axis=1), 1e-9)),
        ),
        photo_age=float(np.median(photo_age)),
        character_age=float(np.median(age)),
        older=float((age - photo_age).mean()),
    )


def _correlations(x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation for each of (..., N) selections of people; 0 if one side is constant."""
    a, b = x[rows], y[rows]
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    return (a * b).sum(axis=-1) / np.maximum(np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1)), 1e-12)
