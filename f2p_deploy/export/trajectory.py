"""Iterative generation as single plain steps, for PyTorch's reference runs and for those of an artifact."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.artifact.parity import SearchResults
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.samples import Samples
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.reference import with_options_tried_out
from f2p_deploy.model.state import StateToParameters, first_state
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.step_tensors import DISCRETE, SHARED, plain_step

#: Numbers of iterations after which a single step is added to the samples.
ITERATIONS = (1, 2, 5, 10, 20, 40)

#: A function that runs one batch of the graph `step`; inputs and outputs by tensor name.
Compute = Callable[[dict[str, np.ndarray]], Arrays]


@dataclass(frozen=True)
class PlainRun:
    """Iterative generation of one face in plain steps, with the bundle's learning rates.

    Args:
        states: (iterations + 1, n) float32; the first one is the start.
        losses: (iterations + 1,) float32, of these states.
    """

    states: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Reference:
    """PyTorch's runs of one face.

    Args:
        name: the face's name.
        identity, content: (1, d) and (1, C, H, W) of the face.
        exact: the run from the ordinary start.
        rounded: the run from a start in which every controller differs by one float32 rounding.
    """

    name: str
    identity: np.ndarray
    content: np.ndarray
    exact: PlainRun
    rounded: PlainRun


def follow(
    compute: Compute, batch: int, bundle: Bundle, start: np.ndarray, identity: np.ndarray, content: np.ndarray
) -> PlainRun:
    """Iterate on one face in plain steps: without momentum, and without choosing the best state.

    Args:
        compute: runs the graph `step` with the static batch size `batch`; the face is repeated to fill a batch.
        batch: the static batch size.
        bundle: its learning rates are used.
        start: (1, n) state.
        identity, content: (1, d) and (1, C, H, W) of the face.
    """
    settings = bundle.settings.iterative
    state, states, losses = start, [start], []
    for learning_rate in (*settings.learning_rates(), 0.0):
        inputs = plain_step(state, {"identity": identity, "content": content}, learning_rate, settings)
        if not bundle.schema.discrete_groups:
            inputs = {name: value for name, value in inputs.items() if name not in DISCRETE}
        outputs = run_in_batches(compute, inputs, batch, SHARED)
        state = outputs["next_state"]
        states.append(state)
        losses.append(outputs["loss"])
    # The step with learning rate 0 only computed the loss of the final state.
    return PlainRun(np.concatenate(states[:-1]), np.concatenate(losses))


def reference_runs(
    bundle: Bundle, step: ExportGraph, sample: Samples, images: np.ndarray, count: int
) -> tuple[Reference, ...]:
    """Run plain steps in PyTorch for the first faces of the samples of `step`, from the start of generation.

    Args:
        bundle: holds the networks and the settings.
        step: the graph.
        sample: the samples of `step`, those of the faces first.
        images: (K, 3, S, S) the faces.
        count: number of faces.
    """
    runs = []
    for row, name in enumerate(sample.names[:count]):
        face, beta = torch.from_numpy(images[row : row + 1]), bundle.settings.iterative.beta
        start = with_options_tried_out(bundle, face, first_state(bundle, 1), beta).numpy()
        beside = np.nextafter(start, np.float32(1.0))
        identity, content = (sample.inputs[tensor][row : row + 1] for tensor in ("identity", "content"))
        exact, rounded = (follow(step.compute, step.batch, bundle, at, identity, content) for at in (start, beside))
        runs.append(Reference(name, identity, content, exact, rounded))
    return tuple(runs)


def with_iterations(sample: Samples, step: ExportGraph, runs: tuple[Reference, ...]) -> Samples:
    """Add single steps with momentum to the samples of `step`, from states on the way of PyTorch's runs."""
    chosen = [(run, i) for run in runs for i in ITERATIONS if i < len(run.exact.states) - 1]
    if not chosen:
        return sample
    inputs = {
        "state": np.stack([run.exact.states[i] for run, i in chosen]),
        "before": np.stack([run.exact.states[i - 1] for run, i in chosen]),
        "identity": np.concatenate([run.identity for run, _ in chosen]),
        "content": np.concatenate([run.content for run, _ in chosen]),
    }
    outputs = run_in_batches(step.compute, {**sample.inputs, **inputs}, step.batch, step.shared)
    joined = {name: np.concatenate([sample.inputs[name], value]) for name, value in inputs.items()}
    return Samples(
        names=(*sample.names, *(f"{run.name} after {i} steps" for run, i in chosen)),
        inputs={**sample.inputs, **joined},
        reference={name: np.concatenate([value, outputs[name]]) for name, value in sample.reference.items()},
        shared=sample.shared,
    )


def ends(bundle: Bundle, trajectories: list[PlainRun]) -> SearchResults:
    """Return the parameters of the final states, and the losses of all states."""
    to_parameters = StateToParameters(bundle, bundle.settings.iterative.beta)
    last = torch.from_numpy(np.stack([trajectory.states[-1] for trajectory in trajectories]))
    return SearchResults(to_parameters(last).numpy(), np.stack([trajectory.losses for trajectory in trajectories]))
