"""A face beside its mirror image: what agrees is believed, and nearest is nearest."""

import math

import numpy as np
import pytest

from f2p_deploy.alignment.both_ways import EXCHANGED, SAME_POINTS, disagreement, look_both_ways, mirror_looks
from f2p_deploy.alignment.landmarks import Landmarks
from f2p_deploy.character.face import LANDMARKS

POINTS = np.array([[40.0, 50.0], [80.0, 50.0], [60.0, 72.0], [46.0, 92.0], [74.0, 92.0]])
WIDTH = 120
PIXELS = np.zeros((140, WIDTH, 3), np.uint8)
IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def face(points: np.ndarray, shape: float | None = None) -> Landmarks:
    named = dict(zip(LANDMARKS, map(tuple, points), strict=True))
    measured = None if shape is None else np.full(24, shape)
    return Landmarks(named, source="test", box=(30.0, 35.0, 90.0, 105.0), shape=measured)


def test_disagreement_is_in_distances_of_the_eyes() -> None:
    assert disagreement(POINTS, POINTS) == 0.0
    assert disagreement(POINTS + [4.0, 0.0], POINTS) == pytest.approx(0.1)
    assert disagreement(2 * (POINTS + [4.0, 0.0]), 2 * POINTS) == pytest.approx(0.1)


def seen(points: np.ndarray, shape: float | None = None) -> object:
    """A finder of one face in the mirror image, at points of the photo; left and right are exchanged there."""
    return lambda pixels, to_photo: [face(points[EXCHANGED], shape)]


def test_a_face_that_its_mirror_image_confirms() -> None:
    (checked,) = mirror_looks([face(POINTS, 1.0)], PIXELS, IDENTITY, seen(POINTS + [2.0, 0.0], 3.0))
    assert checked.disagreement == pytest.approx(0.05)
    assert checked.face.shape.tolist() == [2.0] * 24, "the mean of both looks"


def test_a_face_that_is_elsewhere_in_the_mirror_image_keeps_its_shape() -> None:
    far = POINTS + [40.0 * SAME_POINTS + 1.0, 0.0]
    (checked,) = mirror_looks([face(POINTS, 1.0)], PIXELS, IDENTITY, seen(far, 3.0))
    assert checked.disagreement > SAME_POINTS and checked.face.shape.tolist() == [1.0] * 24


def test_without_a_face_in_the_mirror_image_nothing_is_believed() -> None:
    (checked,) = mirror_looks([face(POINTS)], PIXELS, IDENTITY, lambda pixels, to_photo: [])
    assert checked.disagreement == math.inf
    assert look_both_ways(PIXELS, face(POINTS), lambda pixels, to_photo: []) == []


def test_the_mirror_image_is_asked_for_with_its_way_to_the_photo() -> None:
    asked: list[np.ndarray] = []

    def detect(pixels: np.ndarray, to_photo: np.ndarray) -> list[Landmarks]:
        asked.append(to_photo)
        return []

    mirror_looks([], PIXELS, IDENTITY, detect)
    assert asked[0].tolist() == [[-1.0, 0.0, WIDTH], [0.0, 1.0, 0.0]]
