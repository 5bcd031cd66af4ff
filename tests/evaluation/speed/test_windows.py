"""Timing in turns, on a simulated clock."""

from collections.abc import Callable

import pytest

from f2p_deploy.evaluation.speed.windows import CALLS, FEWEST, SPINNING, Timing, time_in_turns


class Clock:
    """Seconds that pass only when something is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def takes(self, name: str, *seconds: float) -> Callable[[], None]:
        """A call that takes these times in turn, the last one for ever."""
        left = list(seconds)

        def call() -> None:
            self.order.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


def test_steady_calls_end_after_the_windows_that_must_agree() -> None:
    clock = Clock()
    found = time_in_turns({"a": clock.takes("a", 0.010), "b": clock.takes("b", 0.020)}, clock=clock)
    assert found["a"].median == pytest.approx(10.0) and found["b"].median == pytest.approx(20.0)
    assert found["a"].stable and len(found["a"].windows) == FEWEST and found["a"].calls == FEWEST * CALLS


def test_a_turn_begins_with_calls_that_are_not_timed() -> None:
    clock = Clock()
    slow_first = [0.1, *[0.01] * 1000]
    found = time_in_turns({"a": clock.takes("a", *slow_first), "b": clock.takes("b", 0.01)}, clock=clock)
    assert max(found["a"].windows[0]) == pytest.approx(10.0)
    before = clock.order.index("b")
    assert before >= CALLS + (SPINNING - 0.1) / 0.01, "untimed calls, then a window, then the next contender"


def test_a_long_call_is_one_window() -> None:
    clock = Clock()
    found = time_in_turns({"a": clock.takes("a", 1.0), "b": clock.takes("b", 2.0)}, clock=clock)
    assert found["a"].windows == ((1000.0,),) * FEWEST
    assert clock.order == ["a", "b"] * FEWEST


def test_unstable_calls_end_at_the_time_limit_and_are_marked() -> None:
    clock = Clock()
    restless = [0.01 * (1 + i // CALLS % 7) for i in range(100_000)]
    found = time_in_turns({"a": clock.takes("a", *restless)}, longest=3.0, clock=clock)
    assert not found["a"].stable and 3.0 < clock.now < 4.5
    assert found["a"].p95 >= found["a"].median


def test_only_the_windows_that_agreed_count() -> None:
    assert Timing(((50.0,) * 5, (10.0,) * 5, (10.2,) * 5, (10.1,) * 5)).median == pytest.approx(10.1)
    assert Timing(((50.0,) * 5, (10.0,) * 5)).median == pytest.approx(30.0)
    assert not Timing(((50.0,) * 5, (10.0,) * 5)).stable


def test_nothing_to_time() -> None:
    assert time_in_turns({}) == {}
