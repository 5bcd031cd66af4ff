"""Interleaved timing: contenders take turns with windows of calls until the last windows agree."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

#: Calls per window, number of windows that must agree, and largest relative deviation of their medians.
CALLS, AGREEING, NEAR = 5, 3, 0.05

#: A call of more milliseconds than this is a window by itself.
LONG_CALL = 300.0

#: Seconds of warm-up per window, while the previous contender's threads may still spin.
SPINNING = 0.25

#: Seconds after which no further turn starts, and minimum number of turns.
LONGEST, FEWEST = 6.0, 3


@dataclass(frozen=True)
class Timing:
    """The timed calls of one contender.

    Args:
        windows: milliseconds of each call, window by window.
    """

    windows: tuple[tuple[float, ...], ...]

    @property
    def stable(self) -> bool:
        """The medians of the last windows are within `NEAR` of their median."""
        medians = np.array([np.median(window) for window in self.windows[-AGREEING:]])
        middle = float(np.median(medians))
        return len(medians) == AGREEING and bool(np.abs(medians - middle).max() <= NEAR * middle)

    @property
    def calls(self) -> int:
        """The number of timed calls."""
        return sum(map(len, self.windows))

    @property
    def median(self) -> float:
        """The median in milliseconds, over the windows that agreed, else over all."""
        return float(np.median(self._counted))

    @property
    def p95(self) -> float:
        """The 95th percentile of the same calls."""
        return float(np.percentile(self._counted, 95))

    @property
    def _counted(self) -> np.ndarray:
        return np.concatenate(self.windows[-AGREEING:] if self.stable else self.windows)


def time_in_turns(
    calls: Mapping[str, Callable[[], object]],
    longest: float = LONGEST,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time calls in turns, so that disturbances of the machine affect all contenders equally.

    A turn is a window of calls of each contender. Each window follows untimed warm-up calls, because the threads of the
    previous contender spin for a while.

    Args:
        calls: by name.
        longest: seconds after which no further turn starts; at least `FEWEST` turns are timed.
        clock: monotonic clock in seconds.
    """
    windows: dict[str, list[tuple[float, ...]]] = {name: [] for name in calls}

    def timed(call: Callable[[], object]) -> float:
        started = clock()
        call()
        return 1000.0 * (clock() - started)

    begun = clock()
    turns = 0
    while calls:
        for name, call in calls.items():
            turn = clock()
            first = timed(call)
            if first > LONG_CALL:
                windows[name].append((first,))
                continue
            while clock() - turn < SPINNING:
                call()
            windows[name].append(tuple(timed(call) for _ in range(CALLS)))
        turns += 1
        timings = {name: Timing(tuple(listed)) for name, listed in windows.items()}
        if turns >= FEWEST and (clock() - begun > longest or all(timing.stable for timing in timings.values())):
            return timings
    return {}
