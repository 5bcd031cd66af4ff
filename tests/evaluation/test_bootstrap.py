"""Medians and their confidence intervals, with failures among the values."""

import math

import numpy as np
import pytest

from f2p_deploy.evaluation.bootstrap import crossed_share, median, median_ratio


def test_an_interval_holds_the_true_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(100):
        found = median(rng.lognormal(0.0, 0.5, 60), seed)
        assert found.low <= found.value <= found.high
        hits += found.low <= 1.0 <= found.high
    assert 0.87 <= hits / 100 <= 0.995


def test_failures_only_hurt() -> None:
    values = np.linspace(0.02, 0.08, 21)
    without = median(values, 0)
    few, many = values.copy(), values.copy()
    few[:3] = np.inf
    many[:12] = np.inf
    assert median(few, 0).value > without.value and math.isfinite(median(few, 0).low)
    assert math.isinf(median(many, 0).value) and math.isinf(median(many, 0).high)
    assert not math.isnan(median(many, 0).low)


def test_a_ratio_is_paired() -> None:
    reference = np.random.default_rng(1).uniform(0.01, 0.2, 40)
    found = median_ratio(0.7 * reference, reference, 0)
    assert (found.value, found.low, found.high) == pytest.approx((0.7, 0.7, 0.7))
    unpaired = median_ratio(0.7 * reference[::-1], reference, 0)
    assert unpaired.high - unpaired.low > 0.05


def test_a_ratio_with_failures_is_no_better_than_infinite() -> None:
    failed = np.full(5, np.inf)
    assert math.isinf(median_ratio(failed, np.ones(5), 0).value)
    assert math.isinf(median_ratio(failed, failed, 0).value)


def test_the_seed_decides() -> None:
    values = np.random.default_rng(2).random(30)
    assert median(values, 3) == median(values, 3)
    assert median(np.array([0.5]), 0).low == median(np.array([0.5]), 0).high == 0.5


def test_a_share_over_judges_and_photos_holds_the_true_one() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for seed in range(60):
        # Judges and photos each shift the chance of a hit, so neither is a repetition of the same trial.
        chances = 0.5 + rng.normal(0, 0.12, (15, 1)) + rng.normal(0, 0.2, (1, 30))
        hits = rng.random((15, 30)) < chances
        answered = rng.random((15, 30)) < 0.9
        found = crossed_share(hits & answered, answered, seed)
        assert 0 <= found.low <= found.value <= found.high <= 1
        inside += found.low <= 0.5 <= found.high
    assert inside / 60 >= 0.87


def test_shares_of_none_and_all_have_an_interval() -> None:
    answered = np.ones((3, 8), bool)
    none, everything = crossed_share(~answered, answered, 0), crossed_share(answered, answered, 0)
    assert (none.low, none.value) == (0.0, 0.0) and 0.2 < none.high < 0.5
    assert (everything.value, everything.high) == (1.0, 1.0) and everything.low == pytest.approx(1 - none.high)
