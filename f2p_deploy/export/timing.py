"""How long a call takes here: medians of calls in turn, so that whatever else the machine does falls on all alike."""

import time
from collections.abc import Callable, Sequence

import numpy as np

#: Calls before the clock runs, timed calls of each, and the time in seconds after which no further round begins.
WARM_UP, ROUNDS, LONGEST = 2, 15, 3.0


def medians_ms(calls: Sequence[Callable[[], object]]) -> tuple[float, ...]:
    """Return the median time of each call in milliseconds; every round calls each once.

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
    return tuple(float(np.median(spent)) for spent in times)
