from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from f2p_deploy.alignment import MediaPipeFinder, align, align_photo, frontal_sharp_large


def test_the_astronaut_and_grace_hopper_are_frontal_sharp_and_large(
    finder: MediaPipeFinder, astronaut: np.ndarray, shared: Path, template: dict
) -> None:
    for aligned in (
        align(astronaut, finder, template, 128),
        align_photo(shared / "data" / "photos" / "grace_hopper.bmp", finder, template, 128),
    ):
        suits, reason = frontal_sharp_large(aligned)
        assert suits and "frontal" in reason


def test_blur_and_distance_are_told(finder: MediaPipeFinder, astronaut: np.ndarray, template: dict) -> None:
    photo = Image.fromarray(astronaut)
    suits, reason = frontal_sharp_large(
        align(np.array(photo.filter(ImageFilter.GaussianBlur(2))), finder, template, 128)
    )
    assert not suits and "blurred" in reason and "small" not in reason
    suits, reason = frontal_sharp_large(
        align(np.array(photo.resize((300, 300), Image.Resampling.LANCZOS)), finder, template, 128)
    )
    assert not suits and "small (35" in reason


def test_what_misses_a_limit_by_little_does_not_read_as_the_limit(
    finder: MediaPipeFinder, astronaut: np.ndarray, template: dict
) -> None:
    aligned = align(astronaut, finder, template, 128)
    turned = replace(aligned, landmarks=replace(aligned.landmarks, yaw=15.2))
    assert frontal_sharp_large(turned) == (False, "the head is turned by 16 degrees (limit 15)")
    blurred = replace(aligned, sharpness=39.8)
    assert frontal_sharp_large(blurred) == (False, "the face is blurred (sharpness 39, limit 40)")


def test_a_turned_head_is_told(finder: MediaPipeFinder, shared: Path, template: dict) -> None:
    suits, reason = frontal_sharp_large(
        align_photo(shared / "data" / "paintings" / "p0001.jpg", finder, template, 128)
    )
    assert not suits and "turned by 5" in reason


@pytest.mark.parametrize(("pitch", "suits"), [(None, True), (15.0, True), (-25.0, False)])
def test_a_tilted_head_is_told(
    finder: MediaPipeFinder, astronaut: np.ndarray, template: dict, pitch: float | None, suits: bool
) -> None:
    aligned = align(astronaut, finder, template, 128)
    tilted = replace(aligned, landmarks=replace(aligned.landmarks, pitch=pitch))
    assert frontal_sharp_large(tilted)[0] is suits
