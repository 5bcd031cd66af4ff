"""The camera: the eyes are at the documented position, and the head turns about the right axes."""

import numpy as np
import pytest

from f2p_deploy.engine.engine import Scene
from f2p_deploy.engine.makehuman.camera import EYE_LINE, Camera

EYES = np.array([0.0, 7.3, 1.2], np.float32)
#: The eyes, and points one decimetre to the right of them, above them, and nearer to the viewer.
POINTS = EYES + np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)


def place(scene: Scene) -> np.ndarray:
    camera = Camera(EYES, 100, scene)
    return camera.project(camera.turn(POINTS))


def test_the_eyes_are_in_the_middle_and_axes_point_as_promised() -> None:
    eyes, right, up, near = place(Scene())
    assert eyes[:2] == pytest.approx((50, 100 * EYE_LINE))
    assert right[0] > 60 and right[1] == pytest.approx(eyes[1])
    assert up[1] < 40 and up[0] == pytest.approx(50)
    assert near[2] > eyes[2] and near[:2] == pytest.approx(eyes[:2])


def test_yaw_pitch_and_roll_turn_as_the_scene_says() -> None:
    assert place(Scene(yaw=20))[3][0] > 52, "what is in front moves to the right"
    assert place(Scene(pitch=20))[3][1] < place(Scene(pitch=20))[0][1] - 2, "what is in front moves up"
    assert place(Scene(roll=20))[1][1] > 100 * EYE_LINE + 5, "the right side goes down"


def test_shift_and_zoom_act_on_the_picture() -> None:
    usual = place(Scene())
    assert place(Scene(shift=(0.1, -0.2)))[:, :2] == pytest.approx(usual[:, :2] + (10, -20))
    assert place(Scene(zoom=2.0))[:, :2] == pytest.approx((usual[:, :2] - 50) * 2 + 50)


def test_a_decimetre_at_the_eyes_is_as_long_as_it_says() -> None:
    for zoom in (1.0, 1.7):
        camera = Camera(np.zeros(3, np.float32), 100, Scene(zoom=zoom))
        eyes, beside = camera.project(camera.turn(np.array([[0, 0, 0], [1, 0, 0]], np.float32)))
        assert beside[0] - eyes[0] == pytest.approx(camera.samples_per_decimetre, rel=1e-4)
