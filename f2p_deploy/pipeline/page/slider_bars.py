"""The part of the page about sliders: those furthest from the average, or those that differ between modes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.parameters import Parameters, average

#: Largest number of controllers shown.
CONTROLLERS_SHOWN = 10


@dataclass(frozen=True)
class SliderBar:
    """One slider as a bar; all lengths are fractions of its range, in [0, 1].

    Args:
        name: name of the controller.
        values: one for each character.
        left, width: start and length of the bar.
        mean: value of the average face.
    """

    name: str
    values: tuple[float, ...]
    left: float
    width: float
    mean: float


@dataclass(frozen=True)
class SliderTable:
    """The sliders that differ most, in descending order.

    Args:
        bars: for one character, from the average to its value; for several, from the lowest to the highest value.
        total: number of the schema's sliders.
        modes: of several characters, in the order of the bars' values; empty for one character.
    """

    bars: tuple[SliderBar, ...]
    total: int
    modes: tuple[str, ...] = ()


def controllers(parameters: Parameters) -> SliderTable:
    """Return the controllers that differ most from the average face."""
    schema = parameters.schema
    usual = average(schema).values[: schema.n_c]
    values = parameters.values[: schema.n_c]
    order = np.argsort(-np.abs(values - usual), kind="stable")[:CONTROLLERS_SHOWN]
    bars = []
    for i in order:
        mean, value = float(usual[i]), float(values[i])
        bars.append(SliderBar(schema.controllers[i].name, (value,), min(mean, value), abs(value - mean), mean))
    return SliderTable(tuple(bars), schema.n_c)


def controllers_beside(characters: Mapping[str, Parameters]) -> SliderTable:
    """Return the controllers that differ most between one photo's characters; empty if the characters are equal.

    Args:
        characters: one photo's characters by mode.
    """
    schema = next(iter(characters.values())).schema
    values = np.stack([parameters.values[: schema.n_c] for parameters in characters.values()])
    usual = average(schema).values[: schema.n_c]
    spread = values.max(axis=0) - values.min(axis=0)
    order = [i for i in np.argsort(-spread, kind="stable")[:CONTROLLERS_SHOWN] if spread[i] > 0]
    bars = []
    for i in order:
        each = tuple(float(value) for value in values[:, i])
        bars.append(SliderBar(schema.controllers[i].name, each, min(each), float(spread[i]), float(usual[i])))
    return SliderTable(tuple(bars), schema.n_c, tuple(characters))
