import numpy as np
import pytest
from PIL import Image, ImageFilter

from f2p_deploy.alignment.sharpness import sharpness_and_brightness
from f2p_deploy.alignment.warp import warp

POINTS = np.array([(0.36, 0.40), (0.64, 0.40), (0.5, 0.56), (0.40, 0.70), (0.60, 0.70)])
#: The astronaut's face in a square of one pixel.
MATRIX = np.array([[0.0066, 0.0, -0.99], [0.0, 0.0066, -0.27]])


def sharpness(image: np.ndarray, size: int = 256) -> float:
    return sharpness_and_brightness(image, MATRIX * size, POINTS * size, size)[0]


def brightness(image: np.ndarray) -> float:
    return sharpness_and_brightness(image, MATRIX * 256, POINTS * 256, 256)[1]


def test_blur_lowers_it_step_by_step(astronaut: np.ndarray) -> None:
    photo = Image.fromarray(astronaut)
    values = [sharpness(np.array(photo.filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 0.7, 1.4, 3)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 2.5 * values[-1]


def test_the_size_of_the_aligned_face_and_the_light_do_not_matter(astronaut: np.ndarray) -> None:
    assert sharpness(astronaut, 512) == pytest.approx(sharpness(astronaut, 128), rel=0.02)
    assert sharpness((astronaut * 0.5).astype(np.uint8)) == pytest.approx(sharpness(astronaut), rel=0.05)


def test_a_flat_picture_has_none() -> None:
    assert sharpness(np.full((300, 300, 3), 77, np.uint8)) == 0


def test_brightness_is_the_mean_luma(astronaut: np.ndarray) -> None:
    assert brightness(np.full((300, 300, 3), 51, np.uint8)) == pytest.approx(0.2)
    assert brightness(astronaut // 2) == pytest.approx(brightness(astronaut) / 2, abs=0.01)


def test_an_aligned_face_of_its_size_is_not_drawn_again(astronaut: np.ndarray) -> None:
    aligned = warp(astronaut, MATRIX * 256, 256)
    given = (astronaut, MATRIX * 256, POINTS * 256, 256)
    assert sharpness_and_brightness(*given, aligned) == sharpness_and_brightness(*given)
