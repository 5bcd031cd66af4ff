"""The tensors of the graph `step`, and an adapter for the smaller graph of artifacts of format version 2."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.model.settings import IterativeSettings

#: Inputs that are missing where the schema has no discrete groups.
DISCRETE = ("beta", "discrete_rate")

#: Inputs without a batch axis, shared by all samples.
SHARED = ("locked", "learning_rate", "momentum", "beta", "discrete_rate")


class StepOutputs(NamedTuple):
    """The results of one gradient step.

    Args:
        next_state: (N, n) float32.
        loss: (N,) float32, at `lookahead`.
        lookahead: (N, n) float32, where the gradient was taken: the input state after its momentum step.
    """

    next_state: np.ndarray
    loss: np.ndarray
    lookahead: np.ndarray


def step_inputs(
    state: np.ndarray,
    before: np.ndarray,
    described: Arrays,
    learning_rate: float,
    *,
    locked: np.ndarray | None,
    momentum: float,
    beta: float,
    discrete_rate: float,
) -> dict[str, np.ndarray]:
    """Return the inputs of a step by tensor name; a graph without discrete groups does not take those of `DISCRETE`.

    Args:
        state, before: (N, n) float32.
        described: `identity` and `content` of the photos.
        learning_rate, momentum, beta, discrete_rate: as in `Runtime.step`.
        locked: (n,) bool; None for none.
    """
    rates = {"learning_rate": learning_rate, "momentum": momentum, "beta": beta, "discrete_rate": discrete_rate}
    locks = np.zeros(state.shape[-1:], np.float32) if locked is None else np.asarray(locked, np.float32)
    numbers = {name: np.array([value], np.float32) for name, value in rates.items()}
    return {"state": state, "before": before, **described, "locked": locks, **numbers}


def plain_step(
    state: np.ndarray, described: Arrays, learning_rate: float, settings: IterativeSettings
) -> dict[str, np.ndarray]:
    """Return the inputs of a step without momentum and locks.

    Args:
        state: (N, n) float32.
        described: `identity` and `content` of the photos.
        learning_rate: mu, at least 0.
        settings: beta and the discrete rate are taken from here.
    """
    return step_inputs(
        state,
        state,
        described,
        learning_rate,
        locked=None,
        momentum=0.0,
        beta=settings.beta,
        discrete_rate=settings.discrete_rate,
    )


def step_of_version_2(
    compute: Callable[[dict[str, np.ndarray]], Arrays],
    inputs: Mapping[str, np.ndarray],
    built_in: IterativeSettings,
    n_c: int,
) -> dict[str, np.ndarray]:
    """Take a step with a graph of format version 2, adding momentum, locks and ratios that later graphs have inside.

    Such a graph takes `state`, `identity`, `content` and `learning_rate` and has beta and the discrete rate built in.
    Other values of these two are reached by scaling the discrete entries before and after the graph.

    Args:
        compute: runs the graph.
        inputs: as `step_inputs` returns them.
        built_in: the settings inside the graph.
        n_c: number of controllers, the first entries of a state.
    """
    state, before, locked = inputs["state"], inputs["before"], inputs["locked"]
    ahead = state + inputs["momentum"] * (state - before)
    ahead[:, :n_c] = ahead[:, :n_c].clip(0.0, 1.0)
    sharpness = np.float32(inputs["beta"][0] / np.float32(built_in.beta))
    scaled = np.concatenate([ahead[:, :n_c], ahead[:, n_c:] * sharpness], axis=1)
    outputs = compute({"state": scaled, **{name: inputs[name] for name in ("identity", "content", "learning_rate")}})
    next_state = np.array(outputs["next_state"])
    wanted_rate, rate = float(inputs["discrete_rate"][0]), np.float32(built_in.discrete_rate)
    if sharpness != 1.0 or wanted_rate != rate:
        scale = sharpness * (np.float32(wanted_rate) / rate if rate else np.float32(0.0))
        next_state[:, n_c:] = ahead[:, n_c:] + (next_state[:, n_c:] - scaled[:, n_c:]) * scale
    return {"next_state": next_state * (1 - locked) + ahead * locked, "loss": outputs["loss"], "lookahead": ahead}
