"""The settings of a captured search, and the interface of a search that runs as one launch."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f2p_deploy.model.settings import IterativeSettings


@dataclass(frozen=True)
class Plan:
    """The settings that a captured search is built for; each plan needs a capture.

    Args:
        learning_rates: one for each step.
        momentum, beta, discrete_rate: see `f2p_deploy.model.settings.IterativeSettings`.
        graph: the graph that takes the steps, `step` or `step_fast`.
    """

    learning_rates: tuple[float, ...]
    momentum: float
    beta: float
    discrete_rate: float
    graph: str = "step"

    @classmethod
    def of(cls, settings: IterativeSettings, graph: str = "step") -> "Plan":
        """Return the plan for a bundle's settings and the graph that takes the steps."""
        return cls(settings.learning_rates(), settings.momentum, settings.beta, settings.discrete_rate, graph)


class WholeSearch(Protocol):
    """A whole search that a runtime runs as one launch.

    Args:
        batch: number of faces in one launch.
    """

    batch: int

    @property
    def captured(self) -> bool:
        """True if it is a single launch; False if the steps are enqueued one by one."""
        ...

    def run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Search one batch.

        Args:
            faces: (N, 3, S, S) float32, RGB in [0, 1].
            start: (N, n) float32, the states to start from.
            locked: (n,) bool, entries that never change; None for none.

        Returns:
            (steps + 1, N, n) the states at which losses were computed, and (steps + 1, N) these losses.
        """
        ...
