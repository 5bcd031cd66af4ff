"""How the gradient step of an artifact becomes that of other settings; `f2p_deploy.gradient_step.Step` says why."""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.character.schema import Schema
from f2p_deploy.errors import InputError
from f2p_deploy.settings import IterativeSettings


@dataclass(frozen=True)
class Reach:
    """The wanted beta and the wanted discrete rate, over those of the graph."""

    beta: float = 1.0
    rate: float = 1.0


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
