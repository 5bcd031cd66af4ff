"""Timing: calls in turns, after a warm-up, within a time limit."""

import pytest

from f2p_deploy.export import timing
from f2p_deploy.export.timing import ROUNDS, WARM_UP, medians, medians_ms


def test_calls_take_turns_and_the_warm_up_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now, order = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def call(name: str, seconds: float) -> object:
        def run() -> None:
            order.append(name)
            now[0] += seconds if len(order) > 2 * WARM_UP else 100.0

        return run

    assert medians_ms([call("a", 0.002), call("b", 0.004)]) == pytest.approx((2.0, 4.0))
    timed = order[2 * WARM_UP :]
    assert timed == ["a", "b"] * ROUNDS


def test_times_that_wander_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    now, count = [0.0], [0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def steady() -> None:
        now[0] += 0.002

    def wandering() -> None:
        count[0] += 1
        now[0] += 0.002 if count[0] < 12 else 0.003

    first, second = medians([steady, wandering])
    assert not first.restless and second.restless


def test_slow_calls_are_timed_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    now, count = [0.0], [0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def run() -> None:
        count[0] += 1
        now[0] += 10.0

    assert medians_ms([run]) == pytest.approx((10_000.0,))
    assert count[0] == WARM_UP + 3
