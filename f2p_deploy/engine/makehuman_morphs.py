"""The shape of MakeHuman's head: from controller values to the vertices of the base mesh."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.engine.makehuman_assets import Mesh, load_target
from f2p_deploy.engine.makehuman_sliders import SLIDERS
from f2p_deploy.errors import InputError

ORIGINS = ("african", "asian", "caucasian")
SEXES = ("female", "male")

#: Controllers that blend whole heads instead of moving one feature; 0 is the average of all.
MACROS = ("head.masculinity", *(f"head.{origin}" for origin in ORIGINS))


@dataclass(frozen=True)
class HeadMorphs:
    """All displacements that a schema's controllers can make, as sparse rows: two for each controller.

    Args:
        average: (N, 3) float32 base mesh, half way between the sexes and the origins.
        low, span: (n_c,) what a controller's 0 means in engine units, and how far 1 lies from it.
        starts: (2 n_c + 1,) int64; row 2 i holds controller i's positive displacements, row 2 i + 1 its negative ones.
        vertices: (nnz,) int32.
        displacements: (nnz, 3) float32 for an engine value of 1.
    """

    average: np.ndarray
    low: np.ndarray
    span: np.ndarray
    starts: np.ndarray
    vertices: np.ndarray
    displacements: np.ndarray

    def shape(self, controllers: np.ndarray) -> np.ndarray:
        """Return the (N, 3) float32 vertices for (n_c,) controllers in [0, 1]."""
        points = self.average.copy()
        values = (self.low + self.span * controllers).astype(np.float32)
        _displace(points, values, self.starts, self.vertices, self.displacements)
        return points


def check_controllers(schema: Schema) -> None:
    """Raise InputError for the first controller that MakeHuman does not have, with the nearest that it has."""
    known = (*SLIDERS, *MACROS)
    for controller in schema.controllers:
        if controller.name not in known:
            near = suggestion(controller.name, known)
            raise InputError(f"schema {schema.name!r}: MakeHuman has no slider {controller.name!r}{near}")


def load_morphs(schema: Schema, base: Mesh, targets: Path, needed: np.ndarray) -> HeadMorphs:
    """Read the target files of a schema's controllers.

    Args:
        schema: its controllers are those of `SLIDERS` and `MACROS`.
        base: the base mesh.
        targets: the folder `makehuman/data/targets`.
        needed: (N,) bool, the vertices that any picture uses; displacements of others are left out.

    Raises:
        InputError: a controller that MakeHuman does not have.
        MissingDependency: a target file is missing.
    """
    check_controllers(schema)
    heads = _macro_heads(targets, len(base.points))
    average = heads.mean((0, 1))
    macros = {"head.masculinity": heads[1].mean(0) - heads[0].mean(0)}
    macros |= {f"head.{origin}": heads[:, k].mean(0) - average for k, origin in enumerate(ORIGINS)}
    starts, vertices, displacements = [0], [], []
    for controller in schema.controllers:
        for positive in (True, False):
            total = np.zeros_like(base.points)
            if controller.name in macros:
                total += macros[controller.name] if positive else 0.0
            else:
                for file in SLIDERS[controller.name].files(positive):
                    moved, by = load_target(targets / file)
                    total[moved] += by
            rows = np.flatnonzero(np.abs(total).max(1) * needed > 1e-5)
            vertices.append(rows.astype(np.int32))
            displacements.append(total[rows])
            starts.append(starts[-1] + len(rows))
    low = np.array([controller.low for controller in schema.controllers], np.float32)
    high = np.array([controller.high for controller in schema.controllers], np.float32)
    # The average head lies at masculinity 0.5, the targets count from the female head.
    base_points = base.points + average - 0.5 * macros["head.masculinity"]
    return HeadMorphs(
        base_points,
        low,
        high - low,
        np.array(starts, np.int64),
        np.concatenate(vertices),
        np.concatenate(displacements),
    )


def _macro_heads(targets: Path, n: int) -> np.ndarray:
    heads = np.zeros((len(SEXES), len(ORIGINS), n, 3), np.float32)
    for s, sex in enumerate(SEXES):
        for o, origin in enumerate(ORIGINS):
            moved, by = load_target(targets / "macrodetails" / f"{origin}-{sex}-young.target")
            heads[s, o, moved] += by
    return heads


@njit(cache=True)
def _displace(points, values, starts, vertices, displacements):
    for c in range(len(values)):
        row = 2 * c if values[c] >= 0 else 2 * c + 1
        amount = abs(values[c])
        if amount > 0:
            for k in range(starts[row], starts[row + 1]):
                for axis in range(3):
                    points[vertices[k], axis] += amount * displacements[k, axis]
