from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import CascadeFinder, FaceSegmenter, MediaPipeFinder, cascade, read_photo
from f2p_deploy.character.face import HELEN_CLASSES

pytest.importorskip("skimage")


def distance(found: np.ndarray, true: np.ndarray) -> float:
    """Return the mean distance of five points / the distance of the eyes."""
    return float(np.hypot(*(found - true).T).mean() / np.hypot(*(true[1] - true[0])))


def test_the_astronaut_without_any_download(astronaut: np.ndarray) -> None:
    (face,) = CascadeFinder().find(astronaut)
    true = np.array([(204, 102), (246, 104), (223.7, 126), (202.3, 139.2), (244.5, 140.6)])
    assert distance(face.array, true) < 0.25
    assert face.source == "cascade" and face.yaw == 0 and face.dense is None


def test_portraits_and_their_points(finder: MediaPipeFinder, shared: Path) -> None:
    errors = []
    for number in range(0, 147, 12):
        photo = read_photo(shared / "data" / "portraits" / f"p{number:04d}.jpg")
        found = CascadeFinder().find(photo)
        errors.append(distance(found[0].array, finder.find(photo)[0].array) if found else np.inf)
    assert np.median(errors) < 0.16
    assert sum(error < 0.3 for error in errors) >= len(errors) - 1


@pytest.mark.parametrize("name", ["coffee", "rocket", "chelsea"])
def test_no_face_where_there_is_none(name: str) -> None:
    assert CascadeFinder().find(getattr(pytest.importorskip("skimage.data"), name)()) == []


def test_an_upside_down_face_is_found_upside_down(astronaut: np.ndarray, shared: Path) -> None:
    for photo in (astronaut, read_photo(shared / "data" / "portraits" / "p0004.jpg")):
        (face,) = CascadeFinder().find(photo)
        (turned,) = CascadeFinder().find(np.ascontiguousarray(photo[::-1, ::-1]))
        expected = np.array(photo.shape[1::-1]) - face.array
        assert distance(turned.array, expected) < 0.15
        assert abs(turned.roll) > 150


def test_a_small_face_in_a_large_photo(astronaut: np.ndarray) -> None:
    large = np.full((1500, 2000, 3), 128, np.uint8)
    large[700:1212, 1200:1712] = astronaut
    (face,) = CascadeFinder().find(large)
    assert np.abs(face.array[:2] - (np.array([(204, 102), (246, 104)]) + (1200, 700))).max() < 15


def test_a_picture_smaller_than_the_window_has_no_face() -> None:
    assert CascadeFinder().find(np.zeros((20, 300, 3), np.uint8)) == []


def test_segmentation_that_sees_no_eyes_and_no_mouth_drops_the_box(astronaut: np.ndarray, template: dict) -> None:
    def only_skin(crop: np.ndarray) -> np.ndarray:
        return np.eye(len(HELEN_CLASSES), dtype=np.float32)[:, 1, None, None] * np.ones((1, 32, 32), np.float32)

    assert CascadeFinder(FaceSegmenter(only_skin, template, 128)).find(astronaut) == []


def test_the_photo_is_not_changed(astronaut: np.ndarray) -> None:
    copy = astronaut.copy()
    CascadeFinder().find(copy)
    assert np.array_equal(copy, astronaut)
    assert Image.fromarray(copy).size == (512, 512)


def test_a_first_look_finds_the_box_that_all_windows_give(astronaut: np.ndarray) -> None:
    grey = np.asarray(Image.fromarray(astronaut).convert("L").resize((256, 256), Image.Resampling.BOX))
    finder = CascadeFinder()
    ((whole, _),) = cascade._agreeing(finder._both_ways(grey))
    ((near, _),) = cascade._agreeing(finder._windows_and_mirrored(grey, again=False))
    assert np.abs(near - whole).max() < 0.15 * whole[2]


def test_areas_that_overlap_are_looked_at_once() -> None:
    areas = cascade._areas(np.array([(10.0, 10.0, 30.0), (20.0, 12.0, 40.0), (150.0, 150.0, 30.0)]))
    assert len(areas) == 2
    left, top, right, bottom, smallest, largest = max(areas, key=lambda area: area[2] - area[0])
    assert left <= 10 and top <= 10 and right >= 60 and bottom >= 52 and smallest <= 30 and largest >= 40
