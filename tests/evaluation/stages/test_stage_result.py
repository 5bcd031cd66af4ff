"""Badness, the common scale of all stages."""

import pytest

from f2p_deploy.evaluation.stages.stage_result import badness


@pytest.mark.parametrize(
    ("value", "expected"), [(0.9, 0.0), (0.5, 1.0), (0.7, 0.5), (0.1, 2.0), (0.95, -0.125)]
)  # verification: perfect would be 0.9 here, a coin 0.5
def test_badness_is_the_position_between_perfect_and_baseline(value: float, expected: float) -> None:
    assert badness(value, 0.9, 0.5) == pytest.approx(expected)


def test_badness_is_zero_if_both_anchors_coincide() -> None:
    assert badness(0.7, 0.4, 0.4) == 0.0
