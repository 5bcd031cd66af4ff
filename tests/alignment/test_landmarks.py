import numpy as np
import pytest

from f2p_deploy.alignment import Landmarks
from f2p_deploy.alignment.landmarks import five_points, yaw_from_points
from f2p_deploy.system.errors import InputError

FRONTAL = np.array([(100.0, 100), (140, 100), (120, 124), (104, 140), (136, 140)])


def test_what_is_not_given_is_taken_from_the_points() -> None:
    face = Landmarks(five_points(FRONTAL), "file")
    assert face.yaw == pytest.approx(0)
    assert face.roll == pytest.approx(0)
    assert face.eye_distance == pytest.approx(56, abs=2)
    left, top, right, bottom = face.box
    assert left < 90 and right > 150 and top < 90 and bottom > 150


def test_roll_is_clockwise() -> None:
    turned = FRONTAL[:, ::-1] * (-1, 1)
    assert Landmarks(five_points(turned), "file").roll == pytest.approx(90)


def test_the_nose_to_the_right_is_positive_yaw_also_in_a_rolled_face() -> None:
    turned = FRONTAL + np.array([[0, 0], [0, 0], [8, 0], [0, 0], [0, 0]])
    assert yaw_from_points(turned) > 10
    assert yaw_from_points(turned[:, ::-1] * (-1, 1)) == pytest.approx(yaw_from_points(turned))


def test_the_estimated_yaw_follows_the_measured_one(finder, shared) -> None:
    from f2p_deploy.alignment import read_photo

    apart = []
    for path in sorted((shared / "data" / "paintings").glob("*.jpg")):
        for face in finder.find(read_photo(path)):
            estimate = yaw_from_points(face.array)
            apart.append(estimate - face.yaw)
            assert np.sign(estimate) == np.sign(face.yaw) or abs(face.yaw) < 8
    assert len(apart) >= 40
    assert np.sqrt(np.mean(np.square(apart))) < 8


def test_a_missing_or_infinite_point_is_named() -> None:
    points = five_points(FRONTAL)
    with pytest.raises(InputError, match="nose-tip"):
        Landmarks({name: place for name, place in points.items() if name != "nose-tip"}, "file")
    with pytest.raises(InputError, match="finite"):
        Landmarks({**points, "left-eye": (float("nan"), 0.0)}, "file")
