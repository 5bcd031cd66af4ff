"""What a search does between its gradient steps, and what runs all of it as one launch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class Reach:
    """The wanted beta and the wanted discrete rate, over those of the graph."""

    beta: float = 1.0
    rate: float = 1.0


@dataclass(frozen=True)
class Plan:
    """What a captured graph is for; another plan is another graph.

    Args:
        learning_rates: of every step.
        momentum: see `f2p_deploy.model.settings.IterativeSettings`.
        reach: how the graph's step becomes this search's.
    """

    learning_rates: tuple[float, ...]
    momentum: float
    reach: Reach


class CapturedSearch(Protocol):
    """A whole search that a runtime runs as one launch.

    Args:
        batch: how many faces one launch searches.
        captured: whether it is one launch; False where the steps are enqueued one by one.
    """

    batch: int

    @property
    def captured(self) -> bool: ...

    def run(self, faces: np.ndarray, start: np.ndarray, locked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Search one batch: (N, 3, S, S) faces and (N, n) states give the states and losses of every step."""
        ...


def reach(graph: IterativeSettings, wanted: IterativeSettings, schema: Schema, folder: Path) -> Reach:
    """Return how the graph's step becomes that of other settings.

    Args:
        graph: the settings inside the graph: the bundle's for iterative generation.
        wanted: the settings to search with.
        schema: the character's.
        folder: the artifact's, for the sentence.

    Raises:
        InputError: that is not possible.
    """
    if wanted.use_prior != graph.use_prior:
        names = {True: "inside the priors' subspace", False: "outside the priors' subspace"}
        raise InputError(
            f"the step of the artifact {folder} searches {names[graph.use_prior]}, these settings "
            f"{names[wanted.use_prior]} (use_prior): give the bundle's iterative and hybrid settings the same, and "
            "export it again"
        )
    if not schema.discrete_groups or wanted.discrete_rate == graph.discrete_rate:
        return Reach(wanted.beta / graph.beta)
    if not graph.discrete_rate:
        raise InputError(
            f"the step of the artifact {folder} does not move discrete groups, these settings do "
            "(discrete_rate): give the bundle's iterative settings a discrete_rate above 0, and export it again"
        )
    return Reach(wanted.beta / graph.beta, wanted.discrete_rate / graph.discrete_rate)
