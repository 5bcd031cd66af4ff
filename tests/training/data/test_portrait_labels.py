from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import MediaPipeFinder, NetworkFinder, align, align_photo
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.face_shapes import contour_shape
from f2p_deploy.training.data.portrait_labels import (
    _OVERSAMPLING,
    UNKNOWN,
    _paint,
    confidence_of,
    label_portrait,
    region_labels,
    render_labels,
)

TEMPLATE = {
    "left-eye": (0.36, 0.40),
    "right-eye": (0.64, 0.40),
    "nose-tip": (0.50, 0.56),
    "mouth-left": (0.40, 0.70),
    "mouth-right": (0.60, 0.70),
}


@pytest.fixture(scope="module")
def finder(landmarker: Path) -> MediaPipeFinder:
    pytest.importorskip("mediapipe")
    pytest.importorskip("skimage")
    return MediaPipeFinder(landmarker)


def at(labels: np.ndarray, point: np.ndarray) -> str:
    label = labels[int(point[1]), int(point[0])]
    return "unknown" if label == UNKNOWN else HELEN_CLASSES[label]


def test_the_astronauts_regions_lie_where_her_face_is(finder: MediaPipeFinder, astronaut: np.ndarray) -> None:
    aligned = align(astronaut, finder, TEMPLATE, 256)
    labels = label_portrait(aligned).labels
    five = transform(aligned.matrix, aligned.landmarks.array)
    left_eye, right_eye, nose_tip, mouth_left, mouth_right = five
    assert at(labels, left_eye) == "left-eye" and at(labels, right_eye) == "right-eye"
    assert left_eye[0] < right_eye[0]
    assert at(labels, left_eye - (0, 22)) == "left-brow" and at(labels, right_eye - (0, 22)) == "right-brow"
    assert at(labels, nose_tip) == "nose"
    mouth = transform(aligned.matrix, aligned.landmarks.dense[[13, 14]]).mean(axis=0)
    assert at(labels, mouth) == "inner-mouth"
    column = [at(labels, np.array([mouth[0], row])) for row in range(int(mouth[1]) - 25, int(mouth[1]) + 30)]
    order = [name for i, name in enumerate(column) if i == 0 or column[i - 1] != name]
    assert order[-5:] == ["skin", "upper-lip", "inner-mouth", "lower-lip", "skin"]
    assert at(labels, (left_eye + mouth_left) / 2) == "skin"
    assert at(labels, np.array([128, 254])) == "unknown"


def test_sizes_agree(finder: MediaPipeFinder, astronaut: np.ndarray) -> None:
    dense = finder.find(astronaut)[0].dense
    small, large = region_labels(dense / 4, 128), region_labels(dense, 512)
    assert (large[2::4, 2::4] == small).mean() > 0.98


def test_teeth_are_inner_mouth_and_a_closed_mouth_has_none(finder: MediaPipeFinder, shared: Path) -> None:
    inner = HELEN_CLASSES.index("inner-mouth")
    closed = align_photo(shared / "data" / "photos" / "grace_hopper.bmp", finder, TEMPLATE, 256)
    smiling = align_photo(shared / "data" / "portraits" / "p0020.jpg", finder, TEMPLATE, 256)
    assert (label_portrait(closed).labels == inner).sum() < 60 < 400 < (label_portrait(smiling).labels == inner).sum()


def test_black_hair_before_a_light_wall_is_hair_and_the_wall_background(finder: MediaPipeFinder, shared: Path) -> None:
    aligned = align_photo(shared / "data" / "portraits" / "p0020.jpg", finder, TEMPLATE, 256)
    labels = label_portrait(aligned).labels
    hair = aligned.image[labels == HELEN_CLASSES.index("hair")]
    wall = aligned.image[labels == HELEN_CLASSES.index("background")]
    assert len(hair) > 8000 and len(wall) > 1000
    assert hair.mean() < 60 and wall.mean() > 110


def test_a_bald_head_gets_no_hair(finder: MediaPipeFinder, shared: Path) -> None:
    aligned = align_photo(shared / "data" / "portraits" / "p0090.jpg", finder, TEMPLATE, 256)
    assert not (label_portrait(aligned).labels == HELEN_CLASSES.index("hair")).any()


def test_confidence_is_low_where_regions_meet() -> None:
    labels = np.full((6, 6), UNKNOWN, np.uint8)
    labels[:, 1:3], labels[:, 3:5] = 1, 6
    assert confidence_of(labels)[2].tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0]
    labels[:] = 1
    assert (confidence_of(labels) == 1).all()


def test_a_face_without_a_mesh_is_refused(astronaut: np.ndarray) -> None:
    with pytest.raises(InputError, match="478"):
        label_portrait(align(astronaut, NetworkFinder(), TEMPLATE, 64))


def test_a_render_is_labelled_as_a_photo_is_where_the_engine_drew_face(
    finder: MediaPipeFinder, astronaut: np.ndarray
) -> None:
    dense = transform(align(astronaut, finder, TEMPLATE, 128).matrix, finder.find(astronaut)[0].dense)
    shape = contour_shape(dense, 128)
    drawn = np.full((128, 128), HELEN_CLASSES.index("skin"), np.uint8)
    drawn[:52] = HELEN_CLASSES.index("hair")
    drawn[:, :10] = HELEN_CLASSES.index("background")
    made, photo = render_labels(shape, drawn), region_labels(dense, 128)
    assert (made[:52, 10:] == HELEN_CLASSES.index("hair")).all() and (made[:, :10] == 0).all()
    face = photo[52:, 10:] != UNKNOWN
    assert (made[52:, 10:][face] == photo[52:, 10:][face]).mean() > 0.98
    assert (made[52:, 10:][~face] == HELEN_CLASSES.index("skin")).all()


def test_a_render_without_a_mesh_keeps_the_engine_s_labels() -> None:
    drawn = np.arange(16, dtype=np.uint8).reshape(4, 4) % 11
    assert render_labels(contour_shape(None, 4), drawn) is drawn


def test_a_pixel_is_the_region_that_covers_most_of_it(finder: MediaPipeFinder, astronaut: np.ndarray) -> None:
    dense, size = finder.find(astronaut)[0].dense / 4, 128
    painted = _paint(dense, size).reshape(size, _OVERSAMPLING, size, _OVERSAMPLING)
    values = np.array((*range(len(HELEN_CLASSES)), UNKNOWN), np.uint8)
    shares = np.stack([(painted == value).mean(axis=(1, 3)) for value in values])
    np.testing.assert_array_equal(region_labels(dense, size), values[shares.argmax(axis=0)])
