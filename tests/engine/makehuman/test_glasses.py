"""Glasses are in front of the eyes of any head, and reach its ears."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.assets import load_mesh
from f2p_deploy.engine.makehuman.glasses import make_glasses
from f2p_deploy.engine.makehuman.palettes import FRAMES

#: Corners of the eyes, and the nose's tip.
CORNERS, NOSE = [1090, 1104, 7796, 7782], 297


@pytest.fixture(scope="module")
def head(makehuman_assets: Path) -> np.ndarray:
    return load_mesh(makehuman_assets / "makehuman/data/3dobjs/base.obj").points


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("scale", [0.9, 1.1])
def test_both_panes_are_before_the_eyes_and_the_frame_is_symmetric(name: str, scale: float, head: np.ndarray) -> None:
    base = head * np.float32((scale, 1, 1))
    placed = make_glasses(name).place(base)
    eyes = base[CORNERS]
    front = placed[placed[:, 2] > base[NOSE, 2] - 0.25]
    assert front[:, 2].min() > eyes[:, 2].max(), "the front stands before the eyes"
    for axis, room in ((0, 0.0), (1, 0.1)):
        assert front[:, axis].min() < eyes[:, axis].min() - room and front[:, axis].max() > eyes[:, axis].max() + room
    assert placed[:, 0].min() == pytest.approx(-placed[:, 0].max(), abs=0.03)


@pytest.mark.parametrize("name", FRAMES)
def test_temples_end_beside_the_head(name: str, head: np.ndarray) -> None:
    glasses = make_glasses(name)
    ends = glasses.place(head)[glasses.backwards == 1]
    assert len(ends) == 12 and np.abs(ends[:, 0]).min() > 0.6 and ends[:, 2].max() < 0.6


def test_a_rimless_frame_has_fewer_tubes_and_every_triangle_is_there() -> None:
    thin, rimless = make_glasses("thin"), make_glasses("rimless")
    assert len(rimless.mesh.triangles) < len(thin.mesh.triangles)
    for glasses in (thin, rimless):
        mesh = glasses.mesh
        assert mesh.triangles.max() == len(mesh.points) - 1 == len(glasses.opacity) - 1
        a, b, c = (mesh.points[mesh.triangles[:, k]] for k in range(3))
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 0
