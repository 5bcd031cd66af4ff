"""The parameters of one character: a vector for a schema, with values by name and locks.

A vector holds n = n_c + n_d numbers: the controllers in [0, 1], then the probabilities of every discrete group's
options.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.system.errors import InputError

#: Tolerance of the sum of one discrete group's probabilities, which should be 1.
SUM_TOLERANCE = 1e-3

#: The value of a name: a controller's number, a group's option, or the probabilities of the group's options.
Value = float | str | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Parameters:
    """One character.

    Args:
        schema: the names and the meaning of the values.
        values: (n,) numbers, stored as a read-only float32 copy; controllers in [0, 1], discrete groups as
            probabilities.
        locked: names that generation and editing do not change. Each is a controller, a discrete group, or a part of
            the face (`eye`); a part is replaced by the names of all of its controllers.

    Raises:
        InputError: a wrong count, a value that is not a number or out of range, a group that does not add up to 1,
            or a lock on an unknown name; the message names the controller or option, and the value.

    Example:
        >>> from f2p_deploy.character.schema import load_schema
        >>> face = average(load_schema("makehuman")).with_values({"nose.width": 0.75}).lock("nose")
        >>> face["nose.width"], "nose.depth" in face.locked
        (0.75, True)
    """

    schema: Schema
    values: np.ndarray
    locked: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if np.ndim(self.values) != 1:
            raise InputError(f"a character must be one row of numbers, found an array of shape {np.shape(self.values)}")
        values = check_vectors(self.values, self.schema)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "locked", _lockable(self.schema, self.locked))

    @classmethod
    def from_names(cls, schema: Schema, named: Mapping[str, Value], locked: Iterable[str] = ()) -> "Parameters":
        """Build a character from the values of all controllers and discrete groups, by name.

        Raises:
            InputError: a name is missing or unknown, or a value is wrong.
        """
        vector = np.zeros(schema.n)
        for name, value in named.items():
            _place(vector, schema, name, value)
        missing = [name for name in (*schema.controller_index, *schema.discrete_slices) if name not in named]
        if missing:
            more = f", and {len(missing) - 1} more are" if len(missing) > 1 else ""
            raise InputError(f"{missing[0]!r} of schema {schema.name!r} is missing{more}")
        return cls(schema, vector, frozenset(locked))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Parameters)
            and self.schema.fingerprint == other.schema.fingerprint
            and self.locked == other.locked
            and np.array_equal(self.values, other.values)
        )

    def __getitem__(self, name: str) -> float:
        """Return the value of one controller, in [0, 1]."""
        if name in self.schema.discrete_slices:
            raise InputError(f"{name!r} is a discrete group, not a controller: use choice() or probabilities()")
        if name not in self.schema.controller_index:
            raise _unknown(name, tuple(self.schema.controller_index), "controller")
        return float(self.values[self.schema.controller_index[name]])

    def probabilities(self, group: str) -> dict[str, float]:
        """Return the probability of each option of a discrete group."""
        if group not in self.schema.discrete_slices:
            raise _unknown(group, tuple(self.schema.discrete_slices), "discrete group")
        options = next(g.options for g in self.schema.discrete_groups if g.name == group)
        return dict(zip(options, self.values[self.schema.discrete_slices[group]].tolist(), strict=True))

    def choice(self, group: str) -> str:
        """Return the most probable option of a discrete group; the first one if several are equal."""
        probabilities = self.probabilities(group)
        return max(probabilities, key=probabilities.__getitem__)

    def with_values(self, changes: Mapping[str, Value]) -> "Parameters":
        """Return a copy with some controllers or discrete groups changed.

        Args:
            changes: new values by name: a controller's number, or a discrete group's option or probabilities (missing
                options get 0).

        Raises:
            InputError: a name is unknown or locked, or a value is wrong.
        """
        vector = self.values.astype(np.float64)
        for name, value in changes.items():
            if name in self.locked:
                raise InputError(f"{name!r} is locked: unlock it before changing it")
            _place(vector, self.schema, name, value)
        return replace(self, values=vector)

    def lock(self, *names: str) -> "Parameters":
        """Return a copy with more names locked: controllers, discrete groups or parts of the face."""
        return replace(self, locked=self.locked | _lockable(self.schema, names))

    def unlock(self, *names: str) -> "Parameters":
        """Return a copy with names unlocked: controllers, discrete groups or parts of the face."""
        return replace(self, locked=self.locked - _lockable(self.schema, names))

    @property
    def locked_mask(self) -> np.ndarray:
        """(n,) bool: True for the locked entries of the vector."""
        mask = np.zeros(self.schema.n, dtype=bool)
        for name in self.locked:
            mask[self.schema.controller_index.get(name, self.schema.discrete_slices.get(name))] = True
        return mask

    def merge(self, generated: "Parameters | np.ndarray") -> "Parameters":
        """Return a copy with generated values in all entries that are not locked; the locks stay.

        Args:
            generated: (n,) values for the same schema, such as a network's output.

        Raises:
            InputError: another schema, or a wrong count or value.
        """
        if isinstance(generated, Parameters):
            if generated.schema.fingerprint != self.schema.fingerprint:
                raise InputError(f"cannot merge parameters of {generated.schema.name!r} into {self.schema.name!r}")
            generated = generated.values
        elif np.shape(generated) != (self.schema.n,):
            raise InputError(f"schema {self.schema.name!r} needs {self.schema.n} values, found {np.shape(generated)}")
        return replace(self, values=np.where(self.locked_mask, self.values, generated))

    def in_engine_units(self) -> dict[str, float]:
        """Return every controller's value in the engine's units: low + value * (high - low)."""
        return {c.name: c.low + self[c.name] * (c.high - c.low) for c in self.schema.controllers}


def average(schema: Schema) -> Parameters:
    """Return the average face: every controller and every discrete group at its default."""
    named: dict[str, Value] = {c.name: c.default for c in schema.controllers}
    named |= {g.name: g.default for g in schema.discrete_groups}
    return Parameters.from_names(schema, named)


def random_batch(schema: Schema, count: int, seed: int) -> np.ndarray:
    """Return (count, n) float32 random characters: uniform controllers, a uniform one-hot choice per discrete group.

    The first rows do not depend on `count`.
    """
    controllers, choices = np.random.default_rng(seed).spawn(2)
    sizes = [len(group.options) for group in schema.discrete_groups]
    batch = np.zeros((count, schema.n), dtype=np.float32)
    batch[:, : schema.n_c] = controllers.random((count, schema.n_c), dtype=np.float32)
    options = choices.integers(0, sizes, size=(count, len(sizes)))
    for part, option in zip(schema.discrete_slices.values(), options.T, strict=True):
        batch[np.arange(count), part.start + option] = 1.0
    return batch


def harden(vectors: np.ndarray, schema: Schema, default_lead: float = 0.0) -> np.ndarray:
    """Return a copy of (..., n) vectors whose discrete groups are one-hot at their most probable option.

    Args:
        vectors: parameters with probabilities in the discrete groups.
        schema: defines the groups and their defaults.
        default_lead: a group's default wins unless another option is more probable by more than this.
    """
    _check_length(vectors, schema)
    hard = np.array(vectors)
    defaults = average(schema).values
    for part in schema.discrete_slices.values():
        options, default = vectors[..., part], int(defaults[part].argmax())
        stays = options[..., default] + default_lead >= options.max(axis=-1)
        positions = np.where(stays, default, np.argmax(options, axis=-1))
        hard[..., part] = np.arange(part.stop - part.start) == positions[..., None]
    return hard


def smooth(state: np.ndarray, schema: Schema, beta: float) -> np.ndarray:
    """Return parameters from a state: softmax(beta * z) within each discrete group (section 3.6 of the paper).

    Args:
        state: (..., n) controllers, which are not changed, then one logit z per option.
        beta: sharpness of the softmax, > 0; 100 in iterative generation as in the paper, 1 in one-shot generation.

    Returns:
        (..., n) float32, or float64 if the state is float64.
    """
    _check_length(state, schema)
    if not beta > 0:
        raise InputError(f"beta must be greater than 0, found {beta}")
    smoothed = np.array(state, dtype=np.result_type(state, np.float32))
    for part in schema.discrete_slices.values():
        logits = beta * smoothed[..., part]
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        smoothed[..., part] = weights / weights.sum(axis=-1, keepdims=True)
    return smoothed


def column_names(schema: Schema) -> tuple[str, ...]:
    """Return the name of each entry of a vector: `controller` for the controllers, `group=option` for the options."""
    options = (f"{group.name}={option}" for group in schema.discrete_groups for option in group.options)
    return (*schema.controller_index, *options)


def check_vectors(vectors: np.ndarray, schema: Schema) -> np.ndarray:
    """Check every value of (n,) or (N, n) parameters and return a float32 copy.

    Raises:
        InputError: a wrong count, a value outside [0, 1] (NaN included), or a discrete group whose probabilities do
            not add up to 1; the message names the row of a batch, the controller or option, and the value.
    """
    array = np.asarray(vectors)
    if array.dtype.kind not in "fiu":
        raise InputError(f"parameters must be numbers, found {array.dtype}")
    _check_length(array, schema)
    rows = np.atleast_2d(array)
    wrong = np.argwhere(~((rows >= 0) & (rows <= 1)))
    if len(wrong):
        row, column = wrong[0]
        kind = "controller" if column < schema.n_c else "option"
        sentence = f"{kind} {column_names(schema)[column]!r} must lie in [0, 1], found {rows[row, column]}"
        raise InputError(_of_row(row, array, sentence))
    for name, part in schema.discrete_slices.items():
        sums = rows[:, part].sum(axis=1, dtype=np.float64)
        off = np.flatnonzero(np.abs(sums - 1.0) > SUM_TOLERANCE)
        if len(off):
            sentence = f"the probabilities of discrete group {name!r} must add up to 1, found {sums[off[0]]:.6g}"
            raise InputError(_of_row(off[0], array, sentence))
    return np.array(array, dtype=np.float32)


def _of_row(row: int, array: np.ndarray, sentence: str) -> str:
    return f"character {row + 1}: {sentence}" if array.ndim == 2 else sentence


def _check_length(array: np.ndarray, schema: Schema) -> None:
    if np.ndim(array) == 0 or array.shape[-1] != schema.n:
        expected = f"{schema.n} parameters ({schema.n_c} controllers, {schema.n_d} options)"
        raise InputError(f"schema {schema.name!r} has {expected}, found an array of shape {np.shape(array)}")


def _place(vector: np.ndarray, schema: Schema, name: str, value: Value) -> None:
    """Write one named value into a float64 vector; `check_vectors` checks the range later."""
    if name in schema.controller_index:
        vector[schema.controller_index[name]] = _number(f"controller {name!r}", value)
        return
    if name not in schema.discrete_slices:
        raise _unknown(name, (*schema.controller_index, *schema.discrete_slices), "controller or discrete group")
    group = next(g for g in schema.discrete_groups if g.name == name)
    probabilities = {value: 1.0} if isinstance(value, str) else value
    if not isinstance(probabilities, Mapping):
        raise InputError(f"discrete group {name!r} needs an option or probabilities by option, found {value!r}")
    part = vector[schema.discrete_slices[name]]
    part[:] = 0.0
    for option, probability in probabilities.items():
        if option not in group.options:
            raise _unknown(option, group.options, f"option of {name!r}")
        part[group.options.index(option)] = _number(f"option '{name}={option}'", probability)


def _number(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{what} must be a number, found {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"{what} must lie in [0, 1], found a number too large for float64") from None


def _lockable(schema: Schema, names: Iterable[str]) -> frozenset[str]:
    """Return the names with each part of the face replaced by the names of its controllers."""
    lockable: set[str] = set()
    for name in names:
        if name in schema.controller_index or name in schema.discrete_slices:
            lockable.add(name)
        elif name in schema.groups:
            lockable.update(schema.controllers[i].name for i in schema.groups[name])
        else:
            known = (*schema.controller_index, *schema.discrete_slices, *schema.groups)
            raise _unknown(name, known, "controller, discrete group or part of the face")
    return frozenset(lockable)


def _unknown(name: str, known: tuple[str, ...], what: str) -> InputError:
    return InputError(f"no {what} named {name!r}{suggestion(str(name), known)}")
