"""A search that a runtime runs as one launch, and what it is for."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f2p_deploy.model.settings import IterativeSettings


@dataclass(frozen=True)
class Plan:
    """What a captured search is for; another plan is another one.

    Args:
        learning_rates: of every step.
        momentum, beta, discrete_rate: see `f2p_deploy.model.settings.IterativeSettings`.
    """

    learning_rates: tuple[float, ...]
    momentum: float
    beta: float
    discrete_rate: float

    @classmethod
    def of(cls, settings: IterativeSettings) -> "Plan":
        """Return the plan of a search with these settings."""
        return cls(settings.learning_rates(), settings.momentum, settings.beta, settings.discrete_rate)


class WholeSearch(Protocol):
    """A whole search that a runtime runs as one launch.

    Args:
        batch: how many faces one launch searches.
    """

    batch: int

    @property
    def captured(self) -> bool:
        """Whether it is one launch; False where the steps are enqueued one by one."""
        ...

    def run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Search one batch: (N, 3, S, S) faces and (N, n) states give the states and losses of every step."""
        ...
