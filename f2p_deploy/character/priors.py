"""Priors of plausible faces: one linear subspace per group of controllers (section 3.5 of the paper).

Eq. 12 is printed with (P P^T)^-1. If a group of g controllers is reduced to k < g coordinates, P P^T is a (g, g) matrix
of rank k and has no inverse, so the pseudo-inverse is used here.

Discrete groups have no prior and are not changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole

FORMAT = "f2p-priors"
VERSION = 1

#: The names of one group's arrays in a file.
_ARRAYS = ("mean", "directions", "scale", "variances")

#: Directions with a standard deviation below this (controllers are in [0, 1]) are dropped.
SMALLEST_SCALE = 1e-6


@dataclass(frozen=True, eq=False)
class GroupPrior:
    """The subspace of one group of g controllers, reduced to k coordinates of unit variance.

    The whitening projection of eq. 11 is P = directions / scale. Eq. 12 multiplies by the pseudo-inverse of P^T,
    directions * scale.

    Args:
        group: the part of the face.
        indices: g positions of its controllers in a vector of parameters.
        mean: (g,) float32, the m of the paper.
        directions: (g, k) float32, orthonormal columns, largest variance first; k = 0 if nothing varies.
        scale: (k,) float32 standard deviation along each direction, > 0.
        variances: (g,) float32 variances along all directions, also the dropped ones, descending (Fig. 6a).

    Raises:
        InputError: a wrong shape or dtype, a number that is not finite, or a scale of 0.
    """

    group: str
    indices: tuple[int, ...]
    mean: np.ndarray
    directions: np.ndarray
    scale: np.ndarray
    variances: np.ndarray

    def __post_init__(self) -> None:
        g, k = len(self.indices), np.size(self.scale)
        shapes = {"mean": (g,), "directions": (g, k), "scale": (k,), "variances": (g,)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32:
                raise InputError(
                    f"prior of {self.group!r}: {name} must be float32 {shape}, found {array.dtype} {array.shape}"
                )
            if not np.isfinite(array).all():
                raise InputError(f"prior of {self.group!r}: {name} holds a number that is not finite")
        if not (self.scale > 0).all():
            raise InputError(f"prior of {self.group!r}: every scale must be greater than 0")

    @property
    def projection(self) -> np.ndarray:
        """(g, k) float32: the P of eq. 11."""
        return self.directions / self.scale

    @property
    def basis(self) -> np.ndarray:
        """(g, k) float32: the pseudo-inverse of P^T (eq. 12)."""
        return self.directions * self.scale

    def reconstruction_energy(self, k: int) -> float:
        """Return the share of the variance that the first k directions explain, in [0, 1] (Fig. 6a)."""
        total = float(self.variances.sum(dtype=np.float64))
        return float(self.variances[:k].sum(dtype=np.float64)) / total if total > 0 else 1.0


@dataclass(frozen=True)
class PriorMatrices:
    """The matrices of all groups in one, for code that computes in the subspace, such as a gradient step.

    Coordinates are `(x - mean) @ projection`; controllers are `coordinates @ basis.T + mean`.

    Args:
        mean: (n_c,) float32.
        projection: (n_c, k) float32, block-diagonal up to the order of controllers; k is the sum over groups.
        basis: (n_c, k) float32, with the same structure.
    """

    mean: np.ndarray
    projection: np.ndarray
    basis: np.ndarray


@dataclass(frozen=True)
class Priors:
    """The priors of every group of a schema.

    Args:
        schema_name, schema_fingerprint: the schema that the priors were fitted for.
        groups: one prior per group of controllers; together they hold every controller once.

    Raises:
        InputError: a controller is in no group, or in two.
    """

    schema_name: str
    schema_fingerprint: str
    groups: tuple[GroupPrior, ...]

    def __post_init__(self) -> None:
        indices = sorted(i for prior in self.groups for i in prior.indices)
        if not indices or indices != list(range(len(indices))):
            raise InputError(f"priors for schema {self.schema_name!r} must hold every controller exactly once")

    @property
    def n_c(self) -> int:
        """Number of controllers."""
        return sum(len(prior.indices) for prior in self.groups)

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Return the (..., k) float32 coordinates of (..., n) or (..., n_c) parameters (eq. 11), group after group."""
        matrices = self.as_matrices()
        return ((self._controllers(vectors) - matrices.mean) @ matrices.projection).astype(np.float32)

    def recover(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (..., n_c) float32 controllers of (..., k) coordinates (eq. 12); they may be outside [0, 1]."""
        matrices = self.as_matrices()
        if np.shape(coordinates)[-1:] != matrices.basis.shape[1:]:
            k = matrices.basis.shape[1]
            raise InputError(f"these priors have {k} coordinates, found an array of shape {np.shape(coordinates)}")
        return (np.asarray(coordinates, dtype=np.float64) @ matrices.basis.T + matrices.mean).astype(np.float32)

    def constrain(self, vectors: np.ndarray) -> np.ndarray:
        """Return (..., n) or (..., n_c) float32 parameters with the controllers of the nearest face in the subspace.

        Controllers are projected, recovered and clipped to [0, 1]; discrete groups are not changed.
        """
        constrained = np.array(vectors, dtype=np.float32)
        constrained[..., : self.n_c] = np.clip(self.recover(self.project(vectors)), 0.0, 1.0)
        return constrained

    def random(self, count: int, seed: int) -> np.ndarray:
        """Return (count, n_c) float32 controllers of random plausible faces (Fig. 6b), in [0, 1]."""
        coordinates = sum(prior.scale.size for prior in self.groups)
        normal = np.random.default_rng(seed).standard_normal((count, coordinates))
        return np.clip(self.recover(normal), 0.0, 1.0)

    def reconstruction_energy(self, k: int) -> dict[str, float]:
        """Return, for each group, the share of the variance that its first k directions explain (Fig. 6a)."""
        return {prior.group: prior.reconstruction_energy(k) for prior in self.groups}

    def as_matrices(self) -> PriorMatrices:
        """Return mean, projection and basis over all controllers."""
        k = sum(prior.scale.size for prior in self.groups)
        mean = np.zeros(self.n_c, dtype=np.float32)
        projection, basis = np.zeros((2, self.n_c, k), dtype=np.float32)
        start = 0
        for prior in self.groups:
            rows, stop = list(prior.indices), start + prior.scale.size
            mean[rows] = prior.mean
            projection[rows, start:stop] = prior.projection
            basis[rows, start:stop] = prior.basis
            start = stop
        return PriorMatrices(mean, projection, basis)

    def _controllers(self, vectors: np.ndarray) -> np.ndarray:
        if np.ndim(vectors) == 0 or np.shape(vectors)[-1] < self.n_c:
            raise InputError(f"these priors hold {self.n_c} controllers, found an array of shape {np.shape(vectors)}")
        return np.asarray(vectors, dtype=np.float64)[..., : self.n_c]


def fit_priors(
    schema: Schema, vectors: np.ndarray, energy: float = 0.95, components: int | Mapping[str, int] | None = None
) -> Priors:
    """Fit the priors of every group by singular value decomposition.

    Args:
        schema: the schema of the vectors.
        vectors: (N, n) parameters of real faces, N >= 2; the paper uses frontal photos.
        energy: share of each group's variance to explain, in (0, 1]; as few directions as possible are kept.
        components: number of directions to keep instead of `energy`, for every group (at most its size) or by group;
            directions without variance are always dropped.

    Raises:
        InputError: too few vectors, a wrong shape, a number that is not finite, or an argument out of range.

    Example:
        >>> from f2p_deploy.character.parameters import random_batch
        >>> from f2p_deploy.character.schema import load_schema
        >>> schema = load_schema("justice-female")
        >>> priors = fit_priors(schema, random_batch(schema, count=50, seed=0), components=2)
        >>> len(schema.groups), priors.project(random_batch(schema, count=3, seed=1)).shape
        (7, (3, 14))
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or vectors.shape[1] != schema.n or len(vectors) < 2:
        raise InputError(
            f"priors of schema {schema.name!r} need two or more rows of {schema.n} values, found {vectors.shape}"
        )
    if not 0.0 < energy <= 1.0:
        raise InputError(f"energy must lie in (0, 1], found {energy}")
    unreal = np.argwhere(~np.isfinite(vectors[:, : schema.n_c]))
    if len(unreal):
        row, column = unreal[0]
        name = schema.controllers[column].name
        raise InputError(f"character {row + 1}: controller {name!r} must be a number, found {vectors[row, column]}")
    limits = _components_by_group(schema, components)
    priors = (_fit_group(name, i, vectors[:, list(i)], energy, limits.get(name)) for name, i in schema.groups.items())
    return Priors(schema.name, schema.fingerprint, tuple(priors))


def priors_to_bytes(priors: Priors) -> bytes:
    """Return the content of a safetensors file for priors; equal priors give equal bytes."""
    about = {
        "version": VERSION,
        "schema": priors.schema_name,
        "schema_fingerprint": priors.schema_fingerprint,
        "groups": [prior.group for prior in priors.groups],
    }
    tensors = {
        f"{prior.group}.{field}": np.ascontiguousarray(getattr(prior, field))
        for prior in priors.groups
        for field in _ARRAYS
    }
    # One entry only: safetensors writes several in random order, so equal priors would have different hashes.
    return save(tensors, metadata={FORMAT: json.dumps(about)})


def save_priors(path: Path, priors: Priors) -> None:
    """Write priors to a safetensors file atomically.

    Raises:
        InputError: the folder cannot be written to.
    """
    write_whole(path, priors_to_bytes(priors))


def load_priors(path: Path, schema: Schema) -> Priors:
    """Read the priors of a schema.

    Raises:
        InputError: an unreadable, damaged or truncated file, one without priors, or priors of another schema.
    """
    if not path.is_file():
        raise InputError(f"no priors at {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {}).get(FORMAT, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason_of(error, 'it cannot be opened')}") from error
    except (SafetensorError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged or truncated") from error
    if not isinstance(about, dict) or about.get("version") != VERSION:
        raise InputError(f"{path} holds no priors of version {VERSION}")
    if about.get("schema_fingerprint") != schema.fingerprint:
        other = "another version of it" if about.get("schema") == schema.name else f"schema {about.get('schema')!r}"
        raise InputError(f"asked for the priors of schema {schema.name!r}, but {path} holds those of {other}")
    groups = []
    for name, indices in schema.groups.items():
        try:
            groups.append(GroupPrior(name, indices, **{field: tensors[f"{name}.{field}"] for field in _ARRAYS}))
        except KeyError as error:
            raise InputError(f"{path} lacks {error.args[0]!r}") from error
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    return Priors(schema.name, schema.fingerprint, tuple(groups))


def _components_by_group(schema: Schema, components: int | Mapping[str, int] | None) -> dict[str, int]:
    if components is None:
        return {}
    if not isinstance(components, Mapping):
        components = {group: min(components, len(indices)) for group, indices in schema.groups.items()}
    for group, count in components.items():
        if group not in schema.groups:
            raise InputError(f"no group of controllers named {group!r}{suggestion(group, tuple(schema.groups))}")
        if not 1 <= count <= len(schema.groups[group]):
            raise InputError(f"group {group!r} can keep 1 to {len(schema.groups[group])} components, asked {count}")
    return dict(components)


def _fit_group(
    group: str, indices: tuple[int, ...], values: np.ndarray, energy: float, components: int | None
) -> GroupPrior:
    """Fit one group to its (N, g) values; `energy` is used only if `components` is None."""
    values = values.astype(np.float64)
    mean = values.mean(axis=0)
    _, singular, rows = np.linalg.svd(values - mean, full_matrices=False)
    deviations = singular / np.sqrt(len(values) - 1)
    varied = int(np.count_nonzero(deviations > SMALLEST_SCALE))
    variances = np.zeros(len(indices))
    variances[:varied] = deviations[:varied] ** 2
    k = varied
    if components is not None:
        k = min(components, varied)
    elif varied:
        share = np.cumsum(variances[:varied]) / variances.sum()
        k = min(int(np.searchsorted(share, energy - 1e-12)) + 1, varied)
    arrays = (mean, rows[:k].T, deviations[:k], variances)
    return GroupPrior(group, indices, *(np.ascontiguousarray(array, dtype=np.float32) for array in arrays))
