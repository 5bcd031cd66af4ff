"""Medians with bootstrap confidence intervals (Efron 1979); infinite values mark failures and rank as the worst."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

#: Number of bootstrap resamples of the photos, and confidence level of the intervals.
DRAWS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its confidence interval over resampled photos; infinite where failures dominate."""

    value: float
    low: float
    high: float


def median(values: np.ndarray, seed: int) -> Estimate:
    """Return the median of (N,) values, at least one."""
    drawn = _drawn_medians(values, _draws(len(values), seed))
    return Estimate(float(np.median(values)), *interval_of(drawn))


def median_ratio(values: np.ndarray, reference: np.ndarray, seed: int) -> Estimate:
    """Return median(values) / median(reference) for (N,) values of the same photos in the same order.

    Every resample uses the same photos for both, so that the difficulty of a photo cancels.
    """
    draws = _draws(len(values), seed)
    below, above = _drawn_medians(reference, draws), _drawn_medians(values, draws)
    return Estimate(float(_ratio(np.median(values), np.median(reference))), *interval_of(_ratio(above, below)))


def _draws(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, (DRAWS, count))


def _drawn_medians(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.median(np.asarray(values, np.float64)[draws], axis=1)


def share(hits: np.ndarray, draws: np.ndarray) -> Estimate:
    """Return the mean of (N,) hits, each 0 or 1, with its confidence interval.

    If all or none are hits, every resample is the same, and the interval is Wilson's (1927).

    Args:
        hits: (N,) one per person.
        draws: (DRAWS, N) indices of people, resampled with replacement.
    """
    value = float(np.mean(hits))
    if value not in (0.0, 1.0):
        return Estimate(value, *interval_of(np.asarray(hits, np.float64)[draws].mean(axis=1)))
    z = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2)
    width = z**2 / (len(hits) + z**2)
    return Estimate(value, 1.0 - width if value else 0.0, 1.0 if value else width)


def crossed_share(hits: np.ndarray, answered: np.ndarray, seed: int) -> Estimate:
    """Return the mean over photos of the share of judges whose answer is a hit; judges and photos are resampled.

    If all or none are hits, the interval is that of `share` over photos.

    Args:
        hits: (J, P) bool, by judge and photo.
        answered: (J, P) bool, whether there is an answer; every hit is one, and every photo has one.
        seed: random seed.
    """
    hits, answered = np.asarray(hits, np.float64), np.asarray(answered, np.float64)
    shares = hits.sum(axis=0) / answered.sum(axis=0)
    value, (judges, photos) = float(shares.mean()), hits.shape
    if value in (0.0, 1.0):
        return share(shares, _draws(photos, seed))
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(judges, np.full(judges, 1 / judges), DRAWS)
    counted = rng.multinomial(photos, np.full(photos, 1 / photos), DRAWS)
    given = weights @ answered
    drawn = np.divide(weights @ hits, given, out=np.zeros_like(given), where=given > 0)
    counted = counted * (given > 0)
    kept = counted.sum(axis=1) > 0
    return Estimate(value, *interval_of((drawn * counted).sum(axis=1)[kept] / counted.sum(axis=1)[kept]))


def interval_of(drawn: np.ndarray) -> tuple[float, float]:
    """Return the percentile interval of (DRAWS,) resampled statistics."""
    # numpy's quantile interpolates, and infinity minus infinity is not a number.
    ordered = np.sort(drawn)
    edge = int(round((1.0 - CONFIDENCE) / 2 * (len(ordered) - 1)))
    return float(ordered[edge]), float(ordered[-1 - edge])


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide element by element; an infinite numerator gives infinity, even with an infinite denominator."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(above), np.inf, above / below)
