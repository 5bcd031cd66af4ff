from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import CascadeFinder, FaceSegmenter, MediaPipeFinder, read_photo
from f2p_deploy.alignment.refinement import read_points, refine
from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS
from f2p_deploy.training.data.portrait_labels import region_labels


def segmentation_of(finder: MediaPipeFinder) -> Callable[[np.ndarray], np.ndarray]:
    """A perfect segmentation network: it returns the regions of MediaPipe's mesh in any crop."""

    def probabilities(crop: np.ndarray) -> np.ndarray:
        assert crop.dtype == np.float32 and crop.min() >= 0 and crop.max() <= 1
        faces = finder.find((crop * 255).astype(np.uint8))
        labels = region_labels(faces[0].dense / 2, len(crop) // 2) if faces else np.zeros((8, 8), np.uint8)
        return np.stack([labels == i for i in range(len(HELEN_CLASSES))]).astype(np.float32)

    return probabilities


@pytest.mark.parametrize("number", [3, 20, 60])
def test_the_cascades_points_become_three_times_better(
    finder: MediaPipeFinder, shared: Path, template: dict, number: int
) -> None:
    pytest.importorskip("skimage")
    photo = read_photo(shared / "data" / "portraits" / f"p{number:04d}.jpg")
    true = finder.find(photo)[0].array
    eyes = np.hypot(*(true[1] - true[0]))
    (rough,) = CascadeFinder().find(photo)
    (fine,) = CascadeFinder(FaceSegmenter(segmentation_of(finder), template, 256)).find(photo)
    assert np.hypot(*(fine.array - true).T).mean() / eyes < 0.07
    assert np.hypot(*(fine.array - true).T).mean() < np.hypot(*(rough.array - true).T).mean()
    assert fine.source == "cascade+segmentation"


def test_refinement_also_finds_the_roll(finder: MediaPipeFinder, astronaut: np.ndarray, template: dict) -> None:
    true = finder.find(astronaut)[0].array
    middle = true.mean(axis=0)
    angle = np.radians(15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    refined = refine(
        astronaut, (true - middle) @ turn.T * 1.15 + middle + 4, FaceSegmenter(segmentation_of(finder), template, 256)
    )
    assert refined is not None
    assert np.hypot(*(refined - true).T).max() < 0.12 * np.hypot(*(true[1] - true[0]))


@pytest.mark.parametrize("slipped", [-0.24, 0.24])
def test_a_face_beside_which_the_window_lies_is_found_again(
    finder: MediaPipeFinder, astronaut: np.ndarray, template: dict, slipped: float
) -> None:
    """In such a crop neither eye nor mouth is near its place in the template."""
    true = finder.find(astronaut)[0].array
    target = np.array([template[name] for name in LANDMARKS])
    scale = np.hypot(*(true[1] - true[0])) / np.hypot(*(target[1] - target[0]))
    start = true + slipped * scale * np.array([0.0, 1.0])
    refined = refine(astronaut, start, FaceSegmenter(segmentation_of(finder), template, 256))
    assert refined is not None
    assert np.hypot(*(refined - true).T).max() < 0.12 * np.hypot(*(true[1] - true[0]))


def test_points_are_read_at_any_resolution_and_whichever_eye_is_called_left(
    finder: MediaPipeFinder, astronaut: np.ndarray
) -> None:
    (face,) = finder.find(astronaut)
    box = np.array([face.box[0] - 30, face.box[1] - 30])
    place = np.array([face.points[name] for name in LANDMARKS])
    for size in (64, 256):
        labels = region_labels((face.dense - box) * (size / 160), size)
        probabilities = np.stack([labels == i for i in range(len(HELEN_CLASSES))]).astype(np.float32)
        swapped = probabilities.copy()
        swapped[[2, 3, 4, 5]] = probabilities[[3, 2, 5, 4]]
        expected = (place - box) / 160
        for seen in (probabilities, swapped):
            assert np.abs(read_points(seen, expected + 0.02) - expected).max() < 0.025


def test_what_is_not_there_is_nan() -> None:
    template = np.array([(0.36, 0.4), (0.64, 0.4), (0.5, 0.56), (0.4, 0.7), (0.6, 0.7)])
    probabilities = np.zeros((11, 64, 64), np.float32)
    probabilities[4, 23:28, 20:26] = 1
    points = read_points(probabilities, template)
    assert points[0] == pytest.approx((23 / 64, 25.5 / 64))
    assert np.isnan(points[1:]).all()


def test_regions_far_from_the_template_do_not_pull_the_points_away(astronaut: np.ndarray, template: dict) -> None:
    def elsewhere(crop: np.ndarray) -> np.ndarray:
        probabilities = np.zeros((11, 64, 64), np.float32)
        probabilities[4:6, :6, :6] = 1
        probabilities[7, 24:30, 24:30] = 1
        return probabilities

    points = np.array([(204.0, 102), (246, 104), (224, 126), (202, 139), (244, 141)])
    refined = refine(astronaut, points, FaceSegmenter(elsewhere, template, 128))
    assert refined is None or np.abs(refined - points).max() < 15
