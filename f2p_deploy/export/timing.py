"""How long a call takes here: medians of calls in turn, so that whatever else the machine does falls on all alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: Calls before the clock runs, timed calls of each, and the time in seconds after which no further round begins.
WARM_UP, ROUNDS, LONGEST = 2, 15, 3.0

#: How far the medians of the rounds' thirds may be from their middle one.
NEAR = 0.05


@dataclass(frozen=True)
class Median:
    """The time of one call.

    Args:
        ms: the median in milliseconds.
        restless: whether the medians of the rounds' thirds lie farther than `NEAR` from their middle one: then another
            measurement may well give another number.
    """

    ms: float
    restless: bool


def medians_ms(calls: Sequence[Callable[[], object]]) -> tuple[float, ...]:
    """Return the median time of each call in milliseconds, see `medians`."""
    return tuple(found.ms for found in medians(calls))


def medians(calls: Sequence[Callable[[], object]]) -> tuple[Median, ...]:
    """Return the median time of each call; every round calls each once.

    At least three rounds are timed, at most `ROUNDS`, and none is begun after `LONGEST` seconds.
    """
    for call in calls:
        for _ in range(WARM_UP):
            call()
    times: list[list[float]] = [[] for _ in calls]
    begun = time.perf_counter()
    for number in range(ROUNDS):
        if number >= 3 and time.perf_counter() - begun > LONGEST:
            break
        for call, spent in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            spent.append(1000.0 * (time.perf_counter() - started))
    return tuple(Median(float(np.median(spent)), _restless(spent)) for spent in times)


def _restless(spent: Sequence[float]) -> bool:
    thirds = [float(np.median(third)) for third in np.array_split(spent, 3)]
    middle = float(np.median(thirds))
    return bool(max(abs(third - middle) for third in thirds) > NEAR * middle)
