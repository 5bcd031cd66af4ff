import math

import numpy as np
import pytest

from f2p_deploy.alignment.head_turn import _CHIN, _FOREHEAD, _LEFT, _RIGHT, head_turn


def head(yaw: float, pitch: float, roll: float = 0.0) -> np.ndarray:
    """Return (478, 3) points of a head turned by degrees: nose to the right and down, then clockwise in the picture."""
    points = np.zeros((478, 3))
    for i, (left, right) in enumerate(zip(_LEFT, _RIGHT, strict=True)):
        points[left], points[right] = (-50.0 - i, 10.0 * i - 30, 5.0 * i), (50.0 + i, 10.0 * i - 30, 5.0 * i)
    points[_FOREHEAD], points[_CHIN] = (0, -80, 0), (0, 80, 0)
    p, y, r = np.radians([pitch, yaw, roll])
    tilt = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    turn = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    lean = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return points @ (lean @ turn @ tilt).T


@pytest.mark.parametrize("roll", [0.0, 25.0, 180.0])
@pytest.mark.parametrize("yaw", [-50.0, 0.0, 30.0])
@pytest.mark.parametrize("pitch", [-20.0, 0.0, 15.0])
def test_a_turned_head(yaw: float, pitch: float, roll: float) -> None:
    assert head_turn(head(yaw, pitch, roll) * 3 + (400, 100, -20)) == pytest.approx((yaw, pitch), abs=1e-6)


def test_the_nose_of_a_head_turned_to_the_right_and_down_is_there() -> None:
    nose = np.zeros((478, 3))
    nose[0] = (0, 0, -60)
    p, y = np.radians([15.0, 30.0])
    tilt = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    turn = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    x, down, depth = turn @ tilt @ nose[0]
    assert x > 0 and down > 0 and depth < 0
