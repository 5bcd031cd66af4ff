"""Requests and results of generation for every runtime: plain data and NumPy."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from f2p_deploy.character.parameters import Parameters, harden
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.reading import ReadPart, read_parts
from f2p_deploy.system.errors import InputError

Mode = Literal["one-shot", "iterative", "hybrid"]
MODES: tuple[str, ...] = get_args(Mode)

#: Head start of a discrete group's default option: its loss is reduced by this fraction, see `choose_options`.
DEFAULT_MARGIN = 0.1

#: Probabilities are clamped to at least this before taking the logarithm.
SMALLEST_PROBABILITY = 1e-4

#: Called after every iteration with (iterations done, mean loss before the last update).
OnIteration = Callable[[int, float], None]


@dataclass(frozen=True)
class Trajectory:
    """The result of iterative generation.

    Args:
        parameters: (N, n) float32 after the last iteration, or with `keep_best` those of the smallest loss; discrete
            groups as probabilities.
        losses: (iterations + 1, N) float32, before each iteration and after the last.
    """

    parameters: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Generation:
    """One character made from one photo.

    Args:
        parameters: discrete groups one-hot, as a game needs them.
        probabilities: (n,) float32, discrete groups as the probabilities that the networks gave.
        mode: one of `MODES`.
        losses: loss before each iteration and after the last; empty for one-shot.
        read: the reading of each discrete group and of the controllers that were not read, see
            `f2p_deploy.model.reading`; empty if an artifact does not record what is read.
    """

    parameters: Parameters
    probabilities: np.ndarray
    mode: str
    losses: tuple[float, ...] = ()
    read: Mapping[str, ReadPart] = field(default_factory=dict)


def check_request(mode: str, keep: Parameters | None, schema: Schema) -> None:
    """Raise unless a mode is known and the character to keep has the networks' schema.

    Raises:
        InputError: an unknown mode, or a character of another schema.
    """
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")
    if keep is not None:
        check_schema(keep, schema)


def check_schema(parameters: Parameters, schema: Schema) -> None:
    """Raise unless parameters have the networks' schema.

    Raises:
        InputError: they have another schema.
    """
    if parameters.schema.fingerprint != schema.fingerprint:
        raise InputError(f"the parameters are for schema {parameters.schema.name!r}, the bundle for {schema.name!r}")


def with_shapes(content: np.ndarray, n: int, shapes: np.ndarray | None) -> np.ndarray:
    """Return the content of photos with their predicted face shapes replaced by measured ones.

    Args:
        content: of the photos; (N, n + k) if face shapes are compared, else it is returned unchanged.
        n: length of the parameters.
        shapes: (N, k) of `Landmarks.shape`, or None.

    Raises:
        InputError: the shapes have another length.
    """
    if shapes is None or content.ndim != 2 or content.shape[1] <= n:
        return content
    if shapes.shape != (len(content), content.shape[1] - n):
        raise InputError(f"face shapes should be {(len(content), content.shape[1] - n)}, found {shapes.shape}")
    return np.concatenate([content[:, :n], shapes.astype(content.dtype)], axis=1)


def finish(
    schema: Schema,
    vector: np.ndarray,
    mode: Mode,
    losses: Sequence[float],
    keep: Parameters | None,
    default_lead: float = 0.0,
    unread: Collection[str] | None = (),
    sharpness: float = 1.0,
) -> Generation:
    """Return the character of generated parameters, with locked values restored and one option of each discrete group.

    Args:
        schema: the schema of the parameters.
        vector: (n,) parameters.
        mode: one of `MODES`.
        losses: see `Generation`.
        keep: a character whose locked controllers and discrete groups are kept.
        default_lead: see `f2p_deploy.model.settings.BundleSettings`.
        unread, sharpness: see `f2p_deploy.model.reading.read_parts`.
    """
    probabilities = keep.merge(vector).values if keep is not None else vector
    hard = Parameters(schema, harden(probabilities, schema, default_lead), keep.locked if keep else frozenset())
    read = read_parts(hard, probabilities, unread, hard.locked, sharpness)
    return Generation(hard, probabilities, mode, tuple(losses), read)


def to_planes(face: np.ndarray, size: int) -> np.ndarray:
    """Return an aligned face (S, S, 3) uint8 as (1, 3, S, S) float32 in [0, 1].

    Raises:
        InputError: the shape or dtype is not that of the networks' input.
    """
    if face.shape != (size, size, 3) or face.dtype != np.uint8:
        raise InputError(f"an aligned face is ({size}, {size}, 3) uint8, found {face.shape} {face.dtype}")
    return np.ascontiguousarray(face.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255.0)


def to_picture(image: np.ndarray) -> np.ndarray:
    """Return a rendered image (3, S, S) float32 in [0, 1] as (S, S, 3) uint8."""
    return (image.transpose(1, 2, 0) * np.float32(255.0)).round().clip(0, 255).astype(np.uint8)
