"""The part of the page about sliders: furthest from the average, and where one photo's characters differ."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.parameters import Parameters, average

#: How many controllers are shown.
CONTROLLERS_SHOWN = 10


@dataclass(frozen=True)
class SliderBar:
    """One slider as a bar; all lengths are of its range, in [0, 1].

    Args:
        name: the controller's.
        values: one a character.
        left, width: of the bar.
        mean: where the average face stands.
    """

    name: str
    values: tuple[float, ...]
    left: float
    width: float
    mean: float


@dataclass(frozen=True)
class SliderTable:
    """Sliders worth a look, the first ones most.

    Args:
        bars: of one character from the average to its value; of several from the lowest value to the highest.
        total: how many sliders the schema has.
        modes: of several characters, in the order of the bars' values; none for one character.
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
    """Return the controllers that differ most among one photo's characters; none where they are all the same.

    Args:
        characters: by mode.
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
