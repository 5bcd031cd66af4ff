"""Morph targets of MakeHuman's head: the vertices of the base mesh as a function of the controllers."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.engine.engine import EXPRESSION_UNITS, Expression
from f2p_deploy.engine.makehuman.assets import Mesh, load_target
from f2p_deploy.engine.makehuman.paint import PAINTED
from f2p_deploy.engine.makehuman.sliders import AGE, MACROS, OLD_AGE, ORIGINS, SEXES, SLIDERS
from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class HeadMorphs:
    """The displacements of all controllers of a schema and of all expression units, as sparse rows.

    Args:
        average: (N, 3) float32 base mesh, the mean of both sexes and all origins.
        low, span: (n_c,) engine value of each controller at 0, and the difference to its value at 1.
        names: position of each controller.
        rows: position of each other row: `old-female`, `old-male`, and the units of expressions.
        starts: (rows + 1,) int64 start of each row; row 2 i holds controller i's positive displacements, row 2 i + 1
            its negative ones.
        vertices: (nnz,) int32 displaced vertices.
        displacements: (nnz, 3) float32 for an engine value of 1.
    """

    average: np.ndarray
    low: np.ndarray
    span: np.ndarray
    names: dict[str, int]
    rows: dict[str, int]
    starts: np.ndarray
    vertices: np.ndarray
    displacements: np.ndarray

    def values(self, controllers: np.ndarray) -> dict[str, float]:
        """Return the engine values of (n_c,) controllers in [0, 1], by name."""
        units = self.low + self.span * controllers
        return {name: float(units[i]) for name, i in self.names.items()}

    def shape(self, controllers: np.ndarray, expression: Expression = ()) -> np.ndarray:
        """Return the (N, 3) float32 vertices for (n_c,) controllers in [0, 1] and a scene's expression."""
        units = (self.low + self.span * controllers).astype(np.float32)
        amounts = np.zeros(len(self.starts) - 1, np.float32)
        count = 2 * len(units)
        amounts[0:count:2], amounts[1:count:2] = np.maximum(units, 0), np.maximum(-units, 0)
        male = 0.5
        if "head.masculinity" in self.names:
            male = float(np.clip(units[self.names["head.masculinity"]], 0, 1))
        if AGE in self.names:
            row, age = 2 * self.names[AGE], float(units[self.names[AGE]])
            amounts[row] = min(amounts[row], 1.0)
            sagging = max(0.0, age - 1.0) / (OLD_AGE - 1.0)
            amounts[self.rows["old-female"]], amounts[self.rows["old-male"]] = sagging * (1 - male), sagging * male
        for unit, strength in expression:
            amounts[self.rows[unit]] += strength
        points = self.average.copy()
        _displace(points, amounts, self.starts, self.vertices, self.displacements)
        return points


def check_controllers(schema: Schema) -> None:
    """Check that MakeHuman has every controller of a schema.

    Raises:
        InputError: it lacks one; the message suggests the nearest that it has.
    """
    names = (*SLIDERS, *MACROS, *PAINTED)
    for controller in schema.controllers:
        if controller.name not in names:
            near = suggestion(controller.name, names)
            raise InputError(f"schema {schema.name!r}: MakeHuman has no slider {controller.name!r}{near}")


def load_morphs(schema: Schema, base: Mesh, targets: Path, needed: np.ndarray) -> HeadMorphs:
    """Read the target files of a schema's controllers.

    Args:
        schema: its controllers are from `SLIDERS`, `MACROS` and `PAINTED`.
        base: the base mesh.
        targets: the folder `makehuman/data/targets`.
        needed: (N,) bool, True for vertices that are drawn; displacements of others are dropped.

    Raises:
        InputError: MakeHuman lacks a controller.
        MissingDependency: a target file is missing.
    """
    check_controllers(schema)
    heads = _macro_heads(targets, "young", len(base.points))
    average = heads.mean((0, 1))
    macros = {"head.masculinity": heads[1].mean(0) - heads[0].mean(0)}
    macros |= {f"head.{origin}": heads[:, k].mean(0) - average for k, origin in enumerate(ORIGINS)}
    totals = []
    for controller in schema.controllers:
        for positive in (True, False):
            total = np.zeros_like(base.points)
            if controller.name in macros:
                # A masculinity below 0 exaggerates MakeHuman's female head; origins have no negative side.
                total += macros[controller.name] * (1.0 if positive else -1.0 * (controller.name == "head.masculinity"))
            elif controller.name in SLIDERS:
                _add(total, targets, SLIDERS[controller.name].files(positive))
            totals.append(total)
    further: dict[str, np.ndarray] = {}
    if any(controller.name == AGE for controller in schema.controllers):
        sagging = (_macro_heads(targets, "old", len(base.points)) - heads).mean(1)
        further |= {f"old-{sex}": sagging[s] for s, sex in enumerate(SEXES)}
    for unit in EXPRESSION_UNITS:
        further[unit] = np.zeros_like(base.points)
        _add(further[unit], targets, [f"expression/units/{origin}/{unit}.target" for origin in ORIGINS], 1 / 3)
    totals += further.values()
    nonzero = [np.flatnonzero(np.abs(total).max(1) * needed > 1e-5) for total in totals]
    low = np.array([controller.low for controller in schema.controllers], np.float32)
    high = np.array([controller.high for controller in schema.controllers], np.float32)
    # The average head has masculinity 0.5, but the targets are relative to the female head.
    base_points = base.points + average - 0.5 * macros["head.masculinity"]
    return HeadMorphs(
        base_points,
        low,
        high - low,
        dict(schema.controller_index),
        {name: 2 * schema.n_c + k for k, name in enumerate(further)},
        np.cumsum([0] + [len(rows) for rows in nonzero]).astype(np.int64),
        np.concatenate(nonzero).astype(np.int32),
        np.concatenate([total[rows] for total, rows in zip(totals, nonzero, strict=True)]),
    )


def _macro_heads(targets: Path, age: str, n: int) -> np.ndarray:
    heads = np.zeros((len(SEXES), len(ORIGINS), n, 3), np.float32)
    for s, sex in enumerate(SEXES):
        for o, origin in enumerate(ORIGINS):
            _add(heads[s, o], targets, (f"macrodetails/{origin}-{sex}-{age}.target",))
    return heads


def _add(total: np.ndarray, targets: Path, files: Iterable[str], weight: float = 1.0) -> None:
    for file in files:
        moved, by = load_target(targets / file)
        total[moved] += np.float32(weight) * by


@njit(cache=True)
def _displace(points, amounts, starts, vertices, displacements):
    for row in range(len(amounts)):
        amount = amounts[row]
        if amount != 0:
            for k in range(starts[row], starts[row + 1]):
                for axis in range(3):
                    points[vertices[k], axis] += amount * displacements[k, axis]
