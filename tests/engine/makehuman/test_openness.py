"""Openness is high on a free plate and low on a covered one."""

import numpy as np
import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.openness import sky_openness


def plate(height: float, half: float) -> np.ndarray:
    return np.array(
        [[-half, height, -half], [half, height, -half], [half, height, half], [-half, height, half]], np.float32
    )


def test_a_lid_takes_the_sky_away() -> None:
    quads = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    point, up = np.zeros((1, 3), np.float32), np.array([[0, 1, 0]], np.float32)
    floor, lid = plate(-0.01, 1.0), plate(0.3, 1.0)
    free = sky_openness(point, up, floor, quads)
    covered = sky_openness(point, up, np.concatenate([floor, lid]), np.concatenate([quads, quads + 4]))
    assert free[0] > 0.95
    assert covered[0] < 0.2
    deep = plate(-0.2, 1.0)
    assert sky_openness(point, -up, deep, quads)[0] < 0.1, "what faces the floor sees nothing"
