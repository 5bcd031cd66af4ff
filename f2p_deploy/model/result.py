"""What generation is asked for and what it gives, whatever computes it: plain data and NumPy."""

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

#: By which part of its loss a discrete group's default option counts as better than it is, see `choose_options`.
DEFAULT_MARGIN = 0.1

#: A probability below this counts as this where parameters become a state: its logarithm is to be finite.
SMALLEST_PROBABILITY = 1e-4

#: Called after every iteration with (iterations done, mean loss before the last update).
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Trajectory:
    """What iterative generation did.

    Args:
        parameters: (N, n) float32 after the last iteration, or of the smallest loss where the settings ask for that;
            discrete groups as probabilities.
        losses: (iterations + 1, N) float32, before each iteration and after the last.
    """

    parameters: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Generation:
    """One character made from one photo.

    Args:
        parameters: discrete groups one-hot, as a game needs them.
        probabilities: (n,) float32 with the discrete groups as the networks left them.
        mode: how it was made.
        losses: loss before each iteration and after the last; empty for one-shot.
        read: each discrete group, and how surely it was read, see `f2p_deploy.model.reading`; controllers that nothing
            reads; empty where an artifact does not say what is read.
    """

    parameters: Parameters
    probabilities: np.ndarray
    mode: str
    losses: tuple[float, ...] = ()
    read: Mapping[str, ReadPart] = field(default_factory=dict)


def check_request(mode: str, keep: Parameters | None, schema: Schema) -> None:
    """Raise unless a mode is known and the character to keep is of the networks' schema.

    Raises:
        InputError: it is not.
    """
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")
    if keep is not None:
        check_schema(keep, schema)


def check_schema(parameters: Parameters, schema: Schema) -> None:
    """Raise unless parameters are of the networks' schema.

    Raises:
        InputError: they are of another one.
    """
    if parameters.schema.fingerprint != schema.fingerprint:
        raise InputError(f"the parameters are for schema {parameters.schema.name!r}, the bundle for {schema.name!r}")


def with_shapes(content: np.ndarray, n: int, shapes: np.ndarray | None) -> np.ndarray:
    """Return what a search through a surrogate compares with, measured face shapes in the place of guessed ones.

    Args:
        content: of the photos: (N, n + k) where face shapes are compared; anything else stays as it is.
        n: length of the parameters.
        shapes: (N, k) of `Landmarks.shape`, or None.

    Raises:
        InputError: shapes of another length.
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
    """Return the character of generated parameters: locked values put back, one option of each discrete group.

    Args:
        schema: the character's.
        vector: (n,) parameters.
        mode: how they were made.
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
        InputError: another shape or dtype than the networks take.
    """
    if face.shape != (size, size, 3) or face.dtype != np.uint8:
        raise InputError(f"an aligned face is ({size}, {size}, 3) uint8, found {face.shape} {face.dtype}")
    return np.ascontiguousarray(face.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255.0)


def to_picture(image: np.ndarray) -> np.ndarray:
    """Return a rendered image (3, S, S) float32 in [0, 1] as (S, S, 3) uint8."""
    return (image.transpose(1, 2, 0) * np.float32(255.0)).round().clip(0, 255).astype(np.uint8)
