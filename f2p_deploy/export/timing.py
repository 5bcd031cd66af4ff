"""Median times of calls, measured in turn, so that other load on the machine affects all of them equally."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: Calls that are not timed, timed rounds, and the seconds after which no further round begins.
WARM_UP, ROUNDS, LONGEST = 2, 15, 3.0

#: Largest relative difference between the median of a third of the rounds and the middle one of the three medians.
NEAR = 0.05


@dataclass(frozen=True)
class Median:
    """The time of one call.

    Args:
        ms: the median in milliseconds.
        restless: whether the median is unreliable: the medians of the first, second and last third of the rounds
            differ by more than `NEAR`, so another measurement may give another number.
    """

    ms: float
    restless: bool


def medians_ms(calls: Sequence[Callable[[], object]]) -> tuple[float, ...]:
    """Return the median time of each call in milliseconds, see `medians`."""
    return tuple(median.ms for median in medians(calls))


def medians(calls: Sequence[Callable[[], object]]) -> tuple[Median, ...]:
    """Return the median time of each call; a round runs each call once.

    At least three and at most `ROUNDS` rounds are timed; after `LONGEST` seconds no further round begins.
    """
    for call in calls:
        for _ in range(WARM_UP):
            call()
    times: list[list[float]] = [[] for _ in calls]
    beginning = time.perf_counter()
    for number in range(ROUNDS):
        if number >= 3 and time.perf_counter() - beginning > LONGEST:
            break
        for call, times_ms in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            times_ms.append(1000.0 * (time.perf_counter() - start))
    return tuple(Median(float(np.median(times_ms)), _restless(times_ms)) for times_ms in times)


def _restless(times_ms: Sequence[float]) -> bool:
    thirds = [float(np.median(third)) for third in np.array_split(times_ms, 3)]
    middle = float(np.median(thirds))
    return bool(max(abs(third - middle) for third in thirds) > NEAR * middle)
