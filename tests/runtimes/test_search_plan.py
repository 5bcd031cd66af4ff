"""Plans: equal settings of a search share a capture, and every setting that a capture has inside makes another plan."""

from dataclasses import replace
from typing import Any

import pytest

from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.search_plan import Plan

SETTINGS = IterativeSettings(iterations=4, learning_rate=0.5, momentum=0.25, beta=3.0, discrete_rate=2.0)


def test_a_plan_has_one_learning_rate_for_each_step() -> None:
    plan = Plan.of(replace(SETTINGS, decay_every=2, decay=0.5))
    assert plan.learning_rates == (0.5, 0.5, 0.25, 0.25)
    assert (plan.momentum, plan.beta, plan.discrete_rate) == (0.25, 3.0, 2.0)


def test_settings_outside_the_capture_share_a_plan() -> None:
    captures = {Plan.of(SETTINGS): "a capture"}
    assert captures[Plan.of(replace(SETTINGS, keep_best=not SETTINGS.keep_best))] == "a capture"


@pytest.mark.parametrize(
    "change", [{"iterations": 5}, {"learning_rate": 0.4}, {"momentum": 0.0}, {"beta": 4.0}, {"discrete_rate": 1.0}]
)
def test_settings_inside_the_capture_make_another_plan(change: dict[str, Any]) -> None:
    assert Plan.of(replace(SETTINGS, **change)) != Plan.of(SETTINGS)
