"""Ranges: each method clips what it documents, and none clips an end that is really used."""

import numpy as np
import pytest

from f2p_deploy.export.calibration.histograms import BINS, Histogram
from f2p_deploy.export.calibration.ranges import METHODS, SIGNED_STEPS, UNSIGNED_STEPS, range_of


def histogram(values: np.ndarray) -> Histogram:
    low, high = float(values.min()), float(values.max())
    return Histogram(low, high, np.histogram(values, BINS, (low, high))[0])


@pytest.fixture(scope="module")
def bell() -> np.ndarray:
    return np.random.default_rng(0).normal(size=200_000)


def error(values: np.ndarray, limit: float, steps: int) -> float:
    scale = limit / steps
    return float(np.square(np.clip(np.rint(values / scale), -steps, steps) * scale - values).mean())


def test_min_max_cuts_nothing_off(bell: np.ndarray) -> None:
    found = range_of(histogram(bell), "min-max")
    assert found.limit == pytest.approx(np.abs(bell).max()) and found.signed


def test_a_percentile_leaves_a_rare_number_outside(bell: np.ndarray) -> None:
    found = range_of(histogram(np.append(bell, 40.0)), "percentile")
    assert 3.5 < found.limit < 4.5, "99.99 % of a normal distribution lie within 3.9"


def test_mse_is_as_good_as_a_search_over_the_numbers_themselves(bell: np.ndarray) -> None:
    values = np.append(bell, 15.0)
    found = range_of(histogram(values), "mse").limit
    best = min(error(values, limit, SIGNED_STEPS) for limit in np.linspace(1.0, 15.0, 300))
    assert error(values, found, SIGNED_STEPS) < 1.03 * best < error(values, 15.0, SIGNED_STEPS)


@pytest.mark.parametrize("method", METHODS)
def test_an_even_spread_is_kept_whole(method: str) -> None:
    found = range_of(histogram(np.random.default_rng(0).uniform(-2.0, 2.0, 100_000)), method)
    assert found.limit == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_rectified_values_are_unsigned_and_their_zeros_do_not_rule(method: str, bell: np.ndarray) -> None:
    found = range_of(histogram(np.maximum(bell - 0.5, 0.0)), method)
    assert not found.signed and 2.0 < found.limit < 4.5
    assert error(np.maximum(bell - 0.5, 0.0), found.limit, UNSIGNED_STEPS) < 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_a_value_that_is_always_zero_has_a_range(method: str) -> None:
    found = range_of(Histogram(0.0, 0.0, np.bincount([0] * 9, minlength=BINS)), method)
    assert found.limit > 0 and not found.signed


def test_entropy_cuts_a_long_thin_tail(bell: np.ndarray) -> None:
    values = np.concatenate([bell, np.linspace(5.0, 50.0, 20)])
    assert range_of(histogram(values), "entropy").limit < 25.0
