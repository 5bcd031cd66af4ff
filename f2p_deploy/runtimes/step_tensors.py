"""The tensors of the graph `step`, and the same step where an artifact of format version 2 has a smaller graph."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.model.settings import IterativeSettings

#: The inputs that a schema without discrete groups has no use for.
DISCRETE = ("beta", "discrete_rate")

#: The inputs that belong to a whole batch.
SHARED = ("locked", "learning_rate", "momentum", "beta", "discrete_rate")


class StepOutputs(NamedTuple):
    """What one gradient step gives.

    Args:
        next_state: (N, n) float32.
        loss: (N,) float32, at the look-ahead.
        lookahead: (N, n) float32, the state that the gradient was taken at: the given one carried on by the momentum.
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
    """Return the tensors of a step by name; a graph without discrete groups takes neither of the last two.

    Args:
        state, before: (N, n) float32.
        described: `identity` and `content` of the photos.
        learning_rate, momentum, beta, discrete_rate: numbers.
        locked: (n,) bool; None for none.
    """
    rates = {"learning_rate": learning_rate, "momentum": momentum, "beta": beta, "discrete_rate": discrete_rate}
    held = np.zeros(state.shape[-1:], np.float32) if locked is None else np.asarray(locked, np.float32)
    numbers = {name: np.array([value], np.float32) for name, value in rates.items()}
    return {"state": state, "before": before, **described, "locked": held, **numbers}


def plain_step(
    state: np.ndarray, described: Arrays, learning_rate: float, settings: IterativeSettings
) -> dict[str, np.ndarray]:
    """Return the tensors of a step without momentum and locks.

    Args:
        state: (N, n) float32.
        described: `identity` and `content` of the photos.
        learning_rate: a number.
        settings: give beta and the discrete rate.
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
    given: Mapping[str, np.ndarray],
    built_in: IterativeSettings,
    n_c: int,
) -> dict[str, np.ndarray]:
    """Do around a graph of format version 2 what a later one does itself.

    Such a graph takes `state`, `identity`, `content` and `learning_rate` and has beta and the discrete rate built in.

    Args:
        compute: runs it.
        given: what `step_inputs` gives.
        built_in: the settings inside the graph.
        n_c: how many entries of a state are controllers.
    """
    state, before, locked = given["state"], given["before"], given["locked"]
    ahead = state + given["momentum"] * (state - before)
    ahead[:, :n_c] = ahead[:, :n_c].clip(0.0, 1.0)
    sharpness = np.float32(given["beta"][0] / np.float32(built_in.beta))
    shown = np.concatenate([ahead[:, :n_c], ahead[:, n_c:] * sharpness], axis=1)
    inputs = {"state": shown, **{name: given[name] for name in ("identity", "content", "learning_rate")}}
    outputs = compute(inputs)
    moved = np.array(outputs["next_state"])
    wanted_rate, rate = float(given["discrete_rate"][0]), np.float32(built_in.discrete_rate)
    if sharpness != 1.0 or wanted_rate != rate:
        scale = sharpness * (np.float32(wanted_rate) / rate if rate else np.float32(0.0))
        moved[:, n_c:] = ahead[:, n_c:] + (moved[:, n_c:] - shown[:, n_c:]) * scale
    return {"next_state": moved * (1 - locked) + ahead * locked, "loss": outputs["loss"], "lookahead": ahead}
