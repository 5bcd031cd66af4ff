"""Chooses the number of bits of every layer: as small a download as the floors allow.

A layer's harm is the error of its own outputs (`RoundedWeight.error`) times what such an error does to the outputs of
the graphs. For a price of a byte, each layer takes the number of bits whose harm and price together are least; the
highest price at which all graphs stay within the floors is found by bisection. Graphs that share no weights, such as
`render` and `one_shot`, have a price each. Harms are estimates that are added up, so smaller roundings of single
layers are tried afterwards. Bytes are counted compressed: equal steps leave much to compress, palettes little.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Parity
from f2p_deploy.character.schema import Schema

#: Share of the way to a floor that a choice may use up on the faces it is made on. The rest is for other faces, whose
#: worst is worse: of many choices, the ones that pass are lucky on these faces.
MARGIN = 0.6

#: What a floor in dB must be exceeded by.
MARGIN_DB = 1.5

#: Ends of the bisection: the common logarithm of the harm that a megabyte may cost.
CHEAPEST, DEAREST = -8.0, 5.0

#: Mean movement of probabilities that is as bad as a floor: about as large a share of the options changes.
MOVED = 0.01

#: Steps of the bisection.
BISECTIONS = 10

#: Sets of smaller roundings that are tried after the bisection, if nothing else is said.
TRIES = 24


class Rounding(Protocol):
    """A way to round a weight, such as `RoundedWeight`."""

    @property
    def error(self) -> float:
        """The error of the layer's outputs, relative to their power."""

    @property
    def download_size(self) -> int:
        """The size of the rounded weight in a download."""


Key = TypeVar("Key", bound=Hashable)
Choice = TypeVar("Choice", bound=Rounding)


def groups_that_share(keys: Mapping[str, frozenset[bytes]]) -> tuple[tuple[str, ...], ...]:
    """Return the names of graphs in groups: graphs of different groups share no weights.

    Args:
        keys: keys of its weights, by the graph's name.
    """
    groups: list[tuple[list[str], set[bytes]]] = []
    for name, own in keys.items():
        joined = [group for group in groups if group[1] & own]
        groups = [group for group in groups if group not in joined]
        names = [one for group in joined for one in group[0]]
        groups.append(([*names, name], set().union(own, *(group[1] for group in joined))))
    return tuple(tuple(names) for names, _ in groups)


def fewest_bytes(
    choices: Mapping[Key, Sequence[Choice]],
    effects: Mapping[Key, float],
    passes: Callable[[Mapping[Key, Choice]], bool],
    tries: int = TRIES,
) -> dict[Key, Choice]:
    """Return one rounding of each weight: the cheapest ones that pass, or the most accurate ones if none do.

    Args:
        choices: roundings of each weight, by its key.
        effects: what a layer's error does to the graphs' outputs, by the key of its weight.
        passes: returns whether these roundings are accurate enough together.
        tries: how many sets of smaller roundings are tried after the bisection.
    """
    low, high = CHEAPEST, DEAREST
    best = _at_price(choices, effects, low)
    cheap = _at_price(choices, effects, high)
    if passes(cheap):
        return cheap
    found = False
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        chosen = _at_price(choices, effects, middle)
        if passes(chosen):
            low, best, found = middle, chosen, True
        else:
            high = middle
    return _refined(best, choices, effects, passes, tries) if found else best


def _refined(
    chosen: dict[Key, Choice],
    choices: Mapping[Key, Sequence[Choice]],
    effects: Mapping[Key, float],
    passes: Callable[[Mapping[Key, Choice]], bool],
    tries: int,
) -> dict[Key, Choice]:
    """Return roundings that pass and are smaller where the next smaller one of a layer, or of many at once, passes.

    A set that fails is divided into the half of least estimated harm and the other one.
    """
    sets = [_smaller(chosen, choices, effects)]
    while sets and tries:
        changes = sets.pop()
        tries -= 1
        tried = chosen | changes
        if changes and passes(tried):
            chosen = tried
        elif len(changes) > 1:
            keys, half = list(changes), len(changes) // 2
            sets += [{key: changes[key] for key in part} for part in (keys[half:], keys[:half])]
    return chosen


def _smaller(
    chosen: Mapping[Key, Choice],
    choices: Mapping[Key, Sequence[Choice]],
    effects: Mapping[Key, float],
) -> dict[Key, Choice]:
    """Return the next smaller rounding of each layer that has one, those of least harm for each byte first."""
    found = []
    for key, now in chosen.items():
        smaller = [one for one in choices[key] if one.download_size < now.download_size]
        if smaller:
            one = max(smaller, key=lambda one: one.download_size)
            harm = effects[key] * (one.error - now.error) / (now.download_size - one.download_size)
            found.append((harm, key, one))
    return {key: one for _, key, one in sorted(found, key=lambda entry: entry[0])}


def _at_price(
    choices: Mapping[Key, Sequence[Choice]], effects: Mapping[Key, float], logarithm: float
) -> dict[Key, Choice]:
    price = 10.0**logarithm / 1e6
    return {
        key: rounded[int(np.argmin([effects[key] * one.error + price * one.download_size for one in rounded]))]
        for key, rounded in choices.items()
    }


def harm(record: Parity) -> float:
    """Return how much of the way to its floor a measure has gone, as a power: 1 at the floor.

    Shares of equal options count nothing: they jump, see `harm_to_options`.
    """
    if record.metric.endswith("dB"):
        return 10.0 ** ((record.floor - record.value) / 10.0)
    if record.better == "lower":
        return (record.value / record.floor) ** 2
    return 0.0 if record.metric.endswith("agreement") else (1.0 - record.value) / (1.0 - record.floor)


def harm_of_all(records: Iterable[Parity], reference: Arrays, found: Arrays, schema: Schema) -> float:
    """Return the harm of all measures of a graph, and that to its options.

    Args:
        records: what `compare` says of the outputs.
        reference, found: the outputs by tensor name.
        schema: of the parameters.
    """
    options = harm_to_options(reference["parameters"], found["parameters"], schema) if "parameters" in found else 0.0
    return sum(map(harm, records)) + options


def harm_to_options(reference: np.ndarray, found: np.ndarray, schema: Schema) -> float:
    """Return how far the options' probabilities have moved, as a power: 1 if by `MOVED` on average.

    Args:
        reference, found: (K, n) parameters, discrete groups as probabilities.
        schema: of the parameters.
    """
    moved = [np.abs(found[:, place] - reference[:, place]).max(axis=1) for place in schema.discrete_slices.values()]
    return float((np.mean(moved) / MOVED) ** 2) if moved else 0.0


def comfortable(record: Parity, margin: float = MARGIN) -> bool:
    """Return whether a measure keeps a distance from its floor.

    Args:
        record: the measure.
        margin: share of the way to the floor that it may use up; measures in dB keep `MARGIN_DB`.
    """
    if not record.passed:
        return False
    if record.metric.endswith("dB"):
        return record.value >= record.floor + MARGIN_DB
    if record.better == "lower":
        return record.value <= margin * record.floor
    return 1.0 - record.value <= margin * (1.0 - record.floor) + 1e-12
