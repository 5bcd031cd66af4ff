"""Timing in turns: a window of calls of each contender in turn, until the last windows agree."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

#: Calls in a window, windows that must agree, and how far their medians may be apart.
CALLS, AGREEING, NEAR = 5, 3, 0.05

#: Milliseconds above which a call is a window of its own.
LONG_CALL = 300.0

#: Seconds for which threads of the contender before may still spin.
SPINNING = 0.25

#: Seconds after which no further turn is begun, and turns that are timed in any case.
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
        """Whether the medians of the last windows lie within `NEAR` of their middle one."""
        medians = np.array([np.median(window) for window in self.windows[-AGREEING:]])
        middle = float(np.median(medians))
        return len(medians) == AGREEING and bool(np.abs(medians - middle).max() <= NEAR * middle)

    @property
    def calls(self) -> int:
        """How many calls were timed."""
        return sum(map(len, self.windows))

    @property
    def median(self) -> float:
        """The median, over the windows that agreed, or over all."""
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
    """Time calls in turns, so that whatever else the machine does falls on all alike.

    A turn is a window of one contender's calls, after calls that are not timed: for a while the threads of the one
    before still spin.

    Args:
        calls: by name.
        longest: seconds after which no further turn is begun; `FEWEST` are timed all the same.
        clock: seconds, rising.
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
        found = {name: Timing(tuple(listed)) for name, listed in windows.items()}
        if turns >= FEWEST and (clock() - begun > longest or all(timing.stable for timing in found.values())):
            return found
    return {}
