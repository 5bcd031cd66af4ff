"""Compare an artifact's outputs with PyTorch in float32.

Each measure is judged on its worst sample. Its threshold is called a floor, for largest errors as for smallest scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Parity
from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import InputError

Precision = Literal["fp32", "fp16", "int8", "int4"]

#: PyTorch's and the artifact's values of each output, float64.
Pairs = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Floors:
    """The thresholds of one precision, for the worst sample.

    Args:
        controllers: largest absolute difference of a controller.
        discrete: smallest share of discrete groups, over all samples, with the same most probable option.
        identity: smallest cosine of two embeddings.
        content: largest L1 difference of the content, or of class probabilities, relative to the reference's L1 norm.
        render: smallest PSNR of two pictures in dB.
        update: smallest cosine between two updates, an update being what one step adds to a state. Single elements
            are not compared: where rounding flips an activation mask, they move by more than any useful threshold.
            The length of the update may differ by the sine of that angle.
        loss: largest difference of a loss, relative to the loss.
    """

    controllers: float
    discrete: float
    identity: float
    content: float
    render: float
    update: float
    loss: float


#: The thresholds of each precision; they are defined nowhere else.
FLOORS: dict[Precision, Floors] = {
    "fp32": Floors(
        controllers=1e-4, discrete=1.0, identity=0.99999, content=1e-4, render=60.0, update=0.999, loss=1e-4
    ),
    # The update's angle: on the demo bundle float32 differs from float64 by 8e-5 rad, and float16 rounds 2^13 times as
    # coarsely, so rounding could explain 0.6 rad. Measured: 0.06 rad (cosine 0.998), nearly all from the forward pass.
    # The threshold is 0.14 rad. The loss differs by 8e-4 in the same measurement.
    "fp16": Floors(controllers=5e-3, discrete=1.0, identity=0.9995, content=2e-2, render=45.0, update=0.99, loss=1e-2),
    "int8": Floors(controllers=3e-2, discrete=0.99, identity=0.99, content=1e-1, render=35.0, update=0.9, loss=1e-1),
    # Weights of few bits: the same error is allowed, it only comes from elsewhere.
    "int4": Floors(controllers=3e-2, discrete=0.99, identity=0.99, content=1e-1, render=35.0, update=0.9, loss=1e-1),
}

#: Iterative generation amplifies rounding, by large steps and by activation masks that flip. The difference between
#: two runs of PyTorch that start one rounding apart measures this, and an artifact's run may differ by `ROUNDINGS`
#: times as much. That difference is a sample of one, so a run's threshold is never below what the thresholds of its
#: single steps allow, see `compare_trajectories`.
ROUNDINGS = 10.0


@dataclass(frozen=True)
class SearchResults:
    """The results of iterative generation for K faces.

    Args:
        parameters: (K, n) parameters after the last iteration; discrete groups as probabilities.
        losses: (K, iterations + 1) losses before each iteration and after the last.
    """

    parameters: np.ndarray
    losses: np.ndarray


def compare(
    graph: str,
    reference: Arrays,
    outputs: Arrays,
    samples: Sequence[str],
    precision: Precision,
    schema: Schema,
    inputs: Arrays | None = None,
) -> tuple[Parity, ...]:
    """Compare the outputs of one graph with PyTorch's.

    Args:
        graph: a key of `MEASURES`.
        reference: PyTorch's float32 outputs by tensor name, K samples along the first axis.
        outputs: the artifact's outputs, of the same shapes.
        samples: the names of the K samples.
        precision: selects the thresholds.
        schema: defines which parameters are controllers.
        inputs: the graph's inputs; required for `step`, whose update is the new state minus the look-ahead state.

    Returns:
        One record for each measure; NaN anywhere in an output misses its threshold.

    Raises:
        InputError: an output is missing or has another shape, or the graph has no measures.
    """
    pairs = {}
    for name, expected in reference.items():
        if name not in outputs or outputs[name].shape != expected.shape:
            shape = outputs[name].shape if name in outputs else "nothing"
            raise InputError(f"{graph} should return {name} of the shape {expected.shape}, found {shape}")
        pairs[name] = (expected.astype(np.float64), outputs[name].astype(np.float64))
    if graph not in MEASURES:
        raise InputError(f"no measures for the graph {graph!r}. Available: {', '.join(MEASURES)}")
    if graph in STEPS:
        if inputs is None or "state" not in inputs:
            raise InputError(f"{graph} cannot be compared without its input state: pass the inputs")
        expected, actual = pairs["next_state"]
        start = reference.get("lookahead", inputs["state"])  # graphs of format version 2 do not look ahead
        pairs["update"] = (expected - start, actual - start)
    records = MEASURES[graph](pairs, tuple(samples), FLOORS[precision], schema)
    return tuple(replace(record, graph=graph) for record in records)


def _one_shot(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    expected, actual = pairs["parameters"]
    differences = np.abs(expected - actual)[:, : schema.n_c].max(axis=1)
    controllers = _at_most(
        "one_shot", "parameters", "controllers max abs difference", differences, floors.controllers, samples
    )
    if not schema.discrete_groups:
        return (controllers,)
    agreement = _agreement(expected, actual, schema)
    return (
        controllers,
        Parity(
            graph="one_shot",
            output="parameters",
            metric="discrete arg-max agreement",
            value=float(agreement.mean()),
            floor=floors.discrete,
            better="higher",
            worst=samples[int(agreement.argmin())],
            samples=len(samples),
        ),
    )


def _describe(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    return (
        _at_least("describe", "identity", "cosine", _cosine(*pairs["identity"]), floors.identity, samples),
        _at_most(
            "describe", "content", "relative L1 difference", _relative_l1(*pairs["content"]), floors.content, samples
        ),
    )


def _render(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    return (_at_least("render", "image", "PSNR dB", _psnr(*pairs["image"]), floors.render, samples),)


def _step(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    expected, actual = pairs["update"]
    # If PyTorch does not move the state (every controller at its limit), the artifact must not move it either.
    directions = np.where((expected == actual).all(axis=1), 1.0, _cosine(expected, actual))
    moves = [_length(part) for part in (expected, actual)]
    lengths = np.where((expected == actual).all(axis=1), 0.0, _relative(*moves))
    longest = step_error(floors)
    ahead = np.abs(np.subtract(*pairs["lookahead"])).max(axis=1) if "lookahead" in pairs else None
    return (
        _at_least("step", "next_state", "cosine of the update", directions, floors.update, samples),
        _at_most("step", "next_state", "relative length of the update", lengths, longest, samples),
        _at_most("step", "loss", "relative difference", _relative(*pairs["loss"]), floors.loss, samples),
        *(
            ()
            if ahead is None
            else (_at_most("step", "lookahead", "max abs difference", ahead, floors.controllers, samples),)
        ),
    )


def _segment(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    differences = _relative_l1(*pairs["classes"])
    return (_at_most("segment", "classes", "relative L1 difference", differences, floors.content, samples),)


def _compare_fast(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    return tuple(
        _at_most("compare_fast", name, "relative difference", _relative(*pairs[name]), floors.loss, samples)
        for name in ("loss", "content_loss")
    )


def step_error(floors: Floors) -> float:
    """Return the largest error of a step relative to its update: the sine of the largest angle allowed."""
    return math.sqrt(1.0 - floors.update**2)


#: The comparison of each graph.
MEASURES = {
    "one_shot": _one_shot,
    "describe": _describe,
    "render": _render,
    **dict.fromkeys(STEPS, _step),
    "compare_fast": _compare_fast,
    "segment": _segment,
}


def compare_trajectories(
    reference: SearchResults,
    rounded: SearchResults,
    actual: SearchResults,
    samples: Sequence[str],
    precision: Precision,
) -> tuple[Parity, ...]:
    """Compare whole runs of iterative generation.

    Args:
        reference: PyTorch's runs for K faces.
        rounded: PyTorch's runs from initial states that differ by one rounding; the effect of rounding alone.
        actual: the artifact's runs.
        samples: the names of the K faces.
        precision: selects the thresholds.

    Returns:
        A record for the final parameters and one for the losses. The threshold is the largest of three: that of one
        pass; what single steps may do, which is `step_error` times a controller's range, or times the fall of
        PyTorch's loss; and `ROUNDINGS` times the effect of rounding alone.
    """
    floors = FLOORS[precision]
    fall = float((reference.losses[:, :1] / reference.losses - 1.0).max())

    def parameters(run: SearchResults) -> np.ndarray:
        return np.abs(reference.parameters - run.parameters.astype(np.float64)).max(axis=1)

    def losses(run: SearchResults) -> np.ndarray:
        return _relative(reference.losses.astype(np.float64), run.losses.astype(np.float64)).max(axis=1)

    of_parameters = max(floors.controllers, step_error(floors), ROUNDINGS * float(parameters(rounded).max()))
    of_losses = max(floors.loss, step_error(floors) * fall, ROUNDINGS * float(losses(rounded).max()))
    names = tuple(samples)
    steps = reference.losses.shape[1] - 1
    return (
        _at_most(
            "step", "next_state", f"max abs difference after {steps} steps", parameters(actual), of_parameters, names
        ),
        _at_most("step", "loss", f"relative difference in {steps} steps", losses(actual), of_losses, names),
    )


def share_of_floor(record: Parity) -> float:
    """Return a record's error / the error that its threshold allows: 0 if equal to PyTorch, above 1 if missed.

    The error of a cosine or of an agreement is its distance to 1; the error of a PSNR is the root mean square error.
    """
    if math.isnan(record.value):
        return math.inf
    if record.better == "lower":
        return record.value / record.floor
    if record.metric.startswith("PSNR"):
        return float(10.0 ** ((record.floor - record.value) / 20.0))
    if record.floor == 1.0:
        return 0.0 if record.passed else math.inf
    return max(0.0, 1.0 - record.value) / (1.0 - record.floor)


def _at_most(
    graph: str, output: str, metric: str, values: np.ndarray, floor: float, samples: tuple[str, ...]
) -> Parity:
    worst = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
    return Parity(graph, output, metric, float(values[worst]), floor, "lower", samples[worst], len(samples))


def _at_least(
    graph: str, output: str, metric: str, values: np.ndarray, floor: float, samples: tuple[str, ...]
) -> Parity:
    worst = int(np.argmin(np.where(np.isnan(values), -np.inf, values)))
    return Parity(graph, output, metric, float(values[worst]), floor, "higher", samples[worst], len(samples))


def _agreement(expected: np.ndarray, actual: np.ndarray, schema: Schema) -> np.ndarray:
    """Return the share of discrete groups with the same most probable option, for each sample; (K,) in [0, 1]."""
    same = [
        (expected[:, part].argmax(axis=1) == actual[:, part].argmax(axis=1)) & ~np.isnan(actual[:, part]).any(axis=1)
        for part in schema.discrete_slices.values()
    ]
    return np.mean(same, axis=0)


def _cosine(expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Return the cosine of each pair of rows; (K,)."""
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(actual, axis=1)
    return np.divide((expected * actual).sum(axis=1), norms, out=np.full(len(norms), np.nan), where=norms > 0)


def _length(values: np.ndarray) -> np.ndarray:
    """Return the Euclidean norm of each row; (K,)."""
    return np.linalg.norm(values, axis=1)


def _relative_l1(expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Return |expected - actual| / |expected| of each sample; (K,)."""
    axes = tuple(range(1, expected.ndim))
    norms = np.abs(expected).sum(axis=axes)
    difference = np.abs(expected - actual).sum(axis=axes)
    return difference / np.maximum(norms, np.finfo(np.float32).tiny)


def _relative(expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Return |expected - actual| / |expected|, element by element."""
    return np.abs(expected - actual) / np.maximum(np.abs(expected), np.finfo(np.float32).tiny)


def _psnr(expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of pictures in [0, 1]; (K,) in dB, limited to 200 as JSON has no inf."""
    error = np.square(expected - actual).mean(axis=(1, 2, 3))
    return -10.0 * np.log10(np.maximum(error, 1e-20))
