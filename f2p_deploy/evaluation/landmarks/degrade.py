"""Degraded copies of photos: blur, low light, small faces. They measure the robustness of section 4.3."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

#: Electrons in a white pixel of a small sensor, and standard deviation of its read noise in electrons.
_FULL_WELL, _READ_NOISE = 4000.0, 3.0

#: Exponent from stored values to linear light.
_GAMMA = 2.2


@dataclass(frozen=True)
class Condition:
    """One way to degrade a photo.

    Args:
        kind: a key of `KINDS`.
        strength: blur: standard deviation in outer-eye distances; low light: stops of underexposure; small face:
            pixels between the outer eye corners.
        label: its name in tables.
    """

    kind: str
    strength: float
    label: str


#: The conditions of `--degrade`, by kind from weak to strong. An outer-eye distance is about 90 mm.
CONDITIONS = (
    Condition("blur", 0.02, "blur, 2 % of the eye distance"),
    Condition("blur", 0.05, "blur, 5 % of the eye distance"),
    Condition("blur", 0.10, "blur, 10 % of the eye distance"),
    Condition("low-light", 2.0, "low light, 2 stops"),
    Condition("low-light", 4.0, "low light, 4 stops"),
    Condition("low-light", 6.0, "low light, 6 stops"),
    Condition("small-face", 60.0, "small face, eyes 60 pixels apart"),
    Condition("small-face", 40.0, "small face, eyes 40 pixels apart"),
    Condition("small-face", 28.0, "small face, eyes 28 pixels apart"),
)


def degrade(image: np.ndarray, eye_distance: float, condition: Condition, seed: int) -> np.ndarray | None:
    """Degrade a photo before it is aligned.

    Args:
        image: (H, W, 3) uint8 RGB.
        eye_distance: pixels between the outer eye corners in it.
        condition: kind and strength.
        seed: random seed of the noise.

    Returns:
        (H, W, 3) uint8, or (h, w, 3) for a small face; None if the photo's face is already as small as the condition
        asks.
    """
    return KINDS[condition.kind](image, eye_distance, condition.strength, seed)


def _blur(image: np.ndarray, eye_distance: float, strength: float, seed: int) -> np.ndarray:
    """Blur with a Gaussian whose width is in eye distances, so that it does not depend on the photo's size."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(strength * eye_distance)))


def _low_light(image: np.ndarray, eye_distance: float, strength: float, seed: int) -> np.ndarray:
    """Simulate underexposure with shot noise and read noise; the result is not brightened."""
    rng = np.random.default_rng(seed)
    light = (image.astype(np.float32) / 255.0) ** _GAMMA
    electrons = light * np.float32(_FULL_WELL * 2.0**-strength)
    noise = np.sqrt(electrons + np.float32(_READ_NOISE**2)) * rng.standard_normal(image.shape, np.float32)
    seen = np.clip((electrons + noise) / _FULL_WELL, 0.0, 1.0) ** (1.0 / _GAMMA)
    return np.rint(seen * 255.0).astype(np.uint8)


def _small_face(image: np.ndarray, eye_distance: float, strength: float, seed: int) -> np.ndarray | None:
    """Shrink the photo to the wanted eye distance; return None if its face is already that small."""
    scale = strength / eye_distance
    if scale >= 1.0:
        return None
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


#: Functions by kind: (image, outer-eye distance, strength, seed) -> degraded image.
KINDS: dict[str, Callable[[np.ndarray, float, float, int], np.ndarray | None]] = {
    "blur": _blur,
    "low-light": _low_light,
    "small-face": _small_face,
}
