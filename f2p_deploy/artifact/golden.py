"""The golden vectors of an artifact (`golden.npz`): real inputs with the outputs of PyTorch in float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Artifact, GraphEntry
from f2p_deploy.system.errors import InputError

#: Iterations of the golden trajectory: they reach the first decay of the learning rate in the paper's settings, and
#: take seconds on a CPU.
GOLDEN_ITERATIONS = 10

_TRAJECTORY = "trajectory"


@dataclass(frozen=True)
class GoldenSamples:
    """K samples of one graph, by tensor name, along the first axis.

    Args:
        names: the names of the K samples.
        inputs: the inputs; those that the graph's entry lists as `shared` have no sample axis.
        reference: the outputs of PyTorch.
    """

    names: tuple[str, ...]
    inputs: Arrays
    reference: Arrays


@dataclass(frozen=True)
class GoldenTrajectory:
    """The first T iterations towards the first golden sample of `step`, computed by PyTorch without momentum.

    Args:
        learning_rates: (T,) learning rate of each step.
        states: (T + 1, n) float32, the initial state first.
        losses: (T + 1,) float32 losses of those states.
        rounded_states, rounded_losses: the same from an initial state that differs by one float32 rounding. They show
            how far rounding alone moves the result.
    """

    learning_rates: np.ndarray
    states: np.ndarray
    losses: np.ndarray
    rounded_states: np.ndarray
    rounded_losses: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the trajectory's arrays by their names in `golden.npz`."""
        return {f"{_TRAJECTORY}.{name}": value for name, value in vars(self).items()}


def samples_of(artifact: Artifact, golden: Mapping[str, np.ndarray], graph: str) -> GoldenSamples:
    """Return a graph's golden samples.

    Args:
        artifact: its manifest lists the graph's tensors.
        golden: the arrays that `Artifact.golden` returns.
        graph: the name of a graph of the artifact.

    Raises:
        InputError: an array of the graph is missing.
    """
    entry: GraphEntry = artifact.manifest.graphs[graph]

    def arrays_of(tensors: tuple[str, ...]) -> dict[str, np.ndarray]:
        absent = [name for name in tensors if f"{graph}.{name}" not in golden]
        if absent:
            raise InputError(
                f"the artifact {artifact.folder} has no golden vectors {graph}.{absent[0]}, so the graph {graph!r} "
                f"cannot be compared with PyTorch. Make it again: {artifact.manifest.command}"
            )
        return {name: golden[f"{graph}.{name}"] for name in tensors}

    names = arrays_of(("samples",))["samples"]
    return GoldenSamples(
        tuple(str(name) for name in names),
        arrays_of(tuple(spec.name for spec in entry.inputs)),
        arrays_of(tuple(spec.name for spec in entry.outputs)),
    )


def trajectory_of(golden: Mapping[str, np.ndarray]) -> GoldenTrajectory | None:
    """Return the golden trajectory, or None if the export stored none."""
    fields = {name: f"{_TRAJECTORY}.{name}" for name in GoldenTrajectory.__dataclass_fields__}
    if not all(key in golden for key in fields.values()):
        return None
    return GoldenTrajectory(**{name: golden[key] for name, key in fields.items()})
