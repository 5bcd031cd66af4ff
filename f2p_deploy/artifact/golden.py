"""The golden vectors of an artifact: real inputs, and what PyTorch in float32 computes for them; `golden.npz`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Artifact, GraphEntry
from f2p_deploy.system.errors import InputError

#: Iterations of the golden trajectory: one decay of the learning rate in the paper's settings, and seconds on a CPU.
GOLDEN_ITERATIONS = 10

_TRAJECTORY = "trajectory"


@dataclass(frozen=True)
class GoldenSamples:
    """K samples of one graph, by tensor name, along the first axis.

    Args:
        names: the samples'.
        inputs: those that the graph's entry calls shared have no axis for the samples.
        reference: PyTorch's outputs.
    """

    names: tuple[str, ...]
    inputs: Arrays
    reference: Arrays


@dataclass(frozen=True)
class GoldenTrajectory:
    """The first T iterations towards the first golden sample of `step`, as PyTorch does them: plain steps, no momentum.

    Args:
        learning_rates: (T,) of each step.
        states: (T + 1, n) float32, the first one being the start.
        losses: (T + 1,) float32 of those states.
        rounded_states, rounded_losses: the same from a start one float32 rounding away: what rounding alone does.
    """

    learning_rates: np.ndarray
    states: np.ndarray
    losses: np.ndarray
    rounded_states: np.ndarray
    rounded_losses: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return it as `golden.npz` holds it."""
        return {f"{_TRAJECTORY}.{name}": value for name, value in vars(self).items()}


def samples_of(artifact: Artifact, golden: Mapping[str, np.ndarray], graph: str) -> GoldenSamples:
    """Return a graph's golden samples.

    Args:
        artifact: says which tensors there are.
        golden: what `Artifact.golden` gives.
        graph: one of its graphs.

    Raises:
        InputError: there are none.
    """
    entry: GraphEntry = artifact.manifest.graphs[graph]

    def named(tensors: tuple[str, ...]) -> dict[str, np.ndarray]:
        absent = [name for name in tensors if f"{graph}.{name}" not in golden]
        if absent:
            raise InputError(
                f"the artifact {artifact.folder} has no golden vectors {graph}.{absent[0]}, so the graph {graph!r} "
                f"cannot be compared with PyTorch. Make it again: {artifact.manifest.command}"
            )
        return {name: golden[f"{graph}.{name}"] for name in tensors}

    names = named(("samples",))["samples"]
    return GoldenSamples(
        tuple(str(name) for name in names),
        named(tuple(spec.name for spec in entry.inputs)),
        named(tuple(spec.name for spec in entry.outputs)),
    )


def trajectory_of(golden: Mapping[str, np.ndarray]) -> GoldenTrajectory | None:
    """Return the golden trajectory; None if the export measured none."""
    fields = {name: f"{_TRAJECTORY}.{name}" for name in GoldenTrajectory.__dataclass_fields__}
    if not all(key in golden for key in fields.values()):
        return None
    return GoldenTrajectory(**{name: golden[key] for name, key in fields.items()})
