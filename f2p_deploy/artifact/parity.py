"""How near an artifact computes to PyTorch in float32: the measures, their floors, and the worst sample of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Parity
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import InputError

Precision = Literal["fp32", "fp16", "int8"]

#: PyTorch's and the artifact's values of each output, float64.
Pairs = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Floors:
    """What a precision must keep, on the worst sample.

    Args:
        controllers: largest absolute difference of a controller.
        discrete: share of discrete groups, over all samples, whose most probable option is the same.
        identity: smallest cosine of two embeddings.
        content: largest L1 difference of the content, or of class probabilities, relative to its own L1 norm.
        render: smallest PSNR of two pictures in dB.
        update: smallest cosine of what one step adds to a state. By direction, not element by element: a mask that
            flips by rounding moves single elements by more than any useful floor. The length of the update may differ
            by the sine of that angle.
        loss: largest difference of a loss, relative to the loss.
    """

    controllers: float
    discrete: float
    identity: float
    content: float
    render: float
    update: float
    loss: float


#: The only place where floors are written down.
FLOORS: dict[Precision, Floors] = {
    "fp32": Floors(
        controllers=1e-4, discrete=1.0, identity=0.99999, content=1e-4, render=60.0, update=0.999, loss=1e-4
    ),
    # The update's angle: on the demo bundle float32 is off float64 by 8e-5 rad, and float16 rounds 2^13 times as
    # coarsely, so 0.6 rad could be rounding; measured are 0.06 (cosine 0.998), nearly all from the way forward. The
    # floor is 0.14. The loss differs by 8e-4 there.
    "fp16": Floors(controllers=5e-3, discrete=1.0, identity=0.9995, content=2e-2, render=45.0, update=0.99, loss=1e-2),
    "int8": Floors(controllers=3e-2, discrete=0.99, identity=0.99, content=1e-1, render=35.0, update=0.9, loss=1e-1),
}

#: Iterative generation amplifies rounding, by large steps and masks that flip: where PyTorch itself ends elsewhere
#: after a start one rounding away, an artifact may end this many times as far. One run beside another is a sample of
#: one, so a run's floor is never below what the floors of its single steps allow, see `compare_trajectories`.
ROUNDINGS = 10.0


@dataclass(frozen=True)
class SearchResults:
    """Where iterative generation of K faces ended and how it went there.

    Args:
        parameters: (K, n) after the last iteration; discrete groups as probabilities.
        losses: (K, iterations + 1), before each iteration and after the last.
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
    """Judge the outputs of one graph.

    Args:
        graph: `one_shot`, `describe`, `render`, `step` or `segment`.
        reference: PyTorch's float32 outputs by tensor name, K samples along the first axis.
        outputs: the artifact's, of the same shapes.
        samples: the K samples' names.
        precision: whose floors hold.
        schema: which parameters are controllers.
        inputs: what the outputs were computed from; `step` is judged by what it adds to where it looks ahead.

    Returns:
        One record a measure; NaN anywhere in an output misses its floor.

    Raises:
        InputError: an output is missing or has another shape, or the graph has no measures.
    """
    pairs = {}
    for name, expected in reference.items():
        if name not in outputs or outputs[name].shape != expected.shape:
            shape = outputs[name].shape if name in outputs else "nothing"
            raise InputError(f"{graph} should give {name} of the shape {expected.shape}, found {shape}")
        pairs[name] = (expected.astype(np.float64), outputs[name].astype(np.float64))
    if graph not in MEASURES:
        raise InputError(f"no measures for the graph {graph!r}. Available: {', '.join(MEASURES)}")
    if graph == "step":
        if inputs is None or "state" not in inputs:
            raise InputError("step is judged by what it adds to its state: the inputs are missing")
        expected, found = pairs["next_state"]
        start = reference.get("lookahead", inputs["state"])  # graphs of format version 2 do not look ahead
        pairs["update"] = (expected - start, found - start)
    return MEASURES[graph](pairs, tuple(samples), FLOORS[precision], schema)


def _one_shot(pairs: Pairs, samples: tuple[str, ...], floors: Floors, schema: Schema) -> tuple[Parity, ...]:
    expected, found = pairs["parameters"]
    differences = np.abs(expected - found)[:, : schema.n_c].max(axis=1)
    controllers = _at_most(
        "one_shot", "parameters", "controllers max abs difference", differences, floors.controllers, samples
    )
    if not schema.discrete_groups:
        return (controllers,)
    agreement = _agreement(expected, found, schema)
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
    expected, found = pairs["update"]
    # A state that PyTorch does not move (every controller against its stop) has no direction, but must stay, too.
    directions = np.where((expected == found).all(axis=1), 1.0, _cosine(expected, found))
    lengths = np.where((expected == found).all(axis=1), 0.0, _relative(*(_length(part) for part in (expected, found))))
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


def step_error(floors: Floors) -> float:
    """Return how large an error may be, over the update it is part of, if it turns that as far as its floor lets it."""
    return math.sqrt(1.0 - floors.update**2)


#: How the outputs of each graph are judged.
MEASURES = {"one_shot": _one_shot, "describe": _describe, "render": _render, "step": _step, "segment": _segment}


def compare_trajectories(
    reference: SearchResults, rounded: SearchResults, found: SearchResults, samples: Sequence[str], precision: Precision
) -> tuple[Parity, ...]:
    """Judge whole runs of iterative generation.

    Args:
        reference: PyTorch's, of K faces.
        rounded: PyTorch's again, from states one rounding away: what rounding alone does to these runs.
        found: the artifact's.
        samples: the K faces' names.
        precision: whose floors hold where rounding alone does less.

    Returns:
        A record for the final parameters and one for the losses. Each floor is the largest of: that of one pass; what
        the single steps' floor allows, which is `step_error` of a controller's range, and of how far PyTorch's loss
        fell; and `ROUNDINGS` times what rounding alone does.
    """
    floors = FLOORS[precision]
    fall = float((reference.losses[:, :1] / reference.losses - 1.0).max())

    def parameters(ends: SearchResults) -> np.ndarray:
        return np.abs(reference.parameters - ends.parameters.astype(np.float64)).max(axis=1)

    def losses(ends: SearchResults) -> np.ndarray:
        return _relative(reference.losses.astype(np.float64), ends.losses.astype(np.float64)).max(axis=1)

    of_parameters = max(floors.controllers, step_error(floors), ROUNDINGS * float(parameters(rounded).max()))
    of_losses = max(floors.loss, step_error(floors) * fall, ROUNDINGS * float(losses(rounded).max()))
    names = tuple(samples)
    steps = reference.losses.shape[1] - 1
    return (
        _at_most(
            "step", "next_state", f"max abs difference after {steps} steps", parameters(found), of_parameters, names
        ),
        _at_most("step", "loss", f"relative difference in {steps} steps", losses(found), of_losses, names),
    )


def share_of_floor(record: Parity) -> float:
    """Return how much of what a floor allows a record uses up: 0 for the same as PyTorch, above 1 for a missed floor.

    Of an error that is the ratio to the floor; cosines and agreements count by how far they are below 1, PSNR by the
    root mean square error.
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


def _agreement(expected: np.ndarray, found: np.ndarray, schema: Schema) -> np.ndarray:
    """Return for each sample the share of discrete groups with the same most probable option; (K,) in [0, 1]."""
    same = [
        (expected[:, part].argmax(axis=1) == found[:, part].argmax(axis=1)) & ~np.isnan(found[:, part]).any(axis=1)
        for part in schema.discrete_slices.values()
    ]
    return np.mean(same, axis=0)


def _cosine(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the cosine of each pair of rows; (K,)."""
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    return np.divide((expected * found).sum(axis=1), norms, out=np.full(len(norms), np.nan), where=norms > 0)


def _length(values: np.ndarray) -> np.ndarray:
    """Return the Euclidean norm of each row; (K,)."""
    return np.linalg.norm(values, axis=1)


def _relative_l1(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return |expected - found| / |expected| of each sample; (K,)."""
    axes = tuple(range(1, expected.ndim))
    norms = np.abs(expected).sum(axis=axes)
    difference = np.abs(expected - found).sum(axis=axes)
    return difference / np.maximum(norms, np.finfo(np.float32).tiny)


def _relative(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return |expected - found| / |expected|, element by element."""
    return np.abs(expected - found) / np.maximum(np.abs(expected), np.finfo(np.float32).tiny)


def _psnr(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of pictures in [0, 1]; (K,) in dB, 200 at most so that JSON can hold it."""
    error = np.square(expected - found).mean(axis=(1, 2, 3))
    return -10.0 * np.log10(np.maximum(error, 1e-20))
