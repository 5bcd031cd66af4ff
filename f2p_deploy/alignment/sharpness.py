"""The sharpness and the brightness of a face in a photo."""

import numpy as np
from PIL import Image

from f2p_deploy.alignment.warp import warp

#: Edge in pixels of the square in which sharpness is measured, for aligned faces of any size.
_SIZE = 256

#: Pixels averaged in each direction before the Laplacian, which suppresses grain and JPEG blocks.
_GRAIN = 2


def sharpness_and_brightness(
    image: np.ndarray, matrix: np.ndarray, landmarks: np.ndarray, size: int, aligned: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the sharpness and the brightness of a face between brows and mouth.

    The face is drawn at 256 pixels. Sharpness is 100 times the standard deviation of its Laplacian, averaged over 2x2
    pixels, / the standard deviation of its grey values: per cent of its contrast, 0 for a flat picture. Lighting,
    contrast and the size of the aligned face hardly change it. Brightness is the mean luma, in [0, 1].

    Args:
        image: (H, W, 3) uint8 RGB photo.
        matrix: (2, 3) from the photo to the aligned face of `size` pixels.
        landmarks: (5, 2) points in the aligned face.
        size: edge of the aligned face in pixels.
        aligned: (size, size, 3) uint8, the aligned face if there is one; of 256 pixels it is not drawn again.
    """
    drawn = aligned if aligned is not None and size == _SIZE else warp(image, matrix * (_SIZE / size), _SIZE)
    face = Image.fromarray(drawn).convert("L")
    points = landmarks * (_SIZE / size)
    grey = _inner_face(face, points, _GRAIN)
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    contrast = float(grey.std())
    sharpness = 100.0 * float(laplacian.std()) / contrast if contrast > 0.5 else 0.0
    return sharpness, float(_inner_face(face, points, 8).mean()) / 255.0


def _inner_face(face: Image.Image, landmarks: np.ndarray, reduction: int) -> np.ndarray:
    """Return the grey values (float32, 0 to 255) of the rectangle around eyes and mouth, reduced."""
    low, high = landmarks.min(axis=0) / reduction, landmarks.max(axis=0) / reduction
    margin = 0.25 * (high - low)
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + margin), _SIZE // reduction).astype(int)
    return np.asarray(face.reduce(reduction), dtype=np.float32)[top:bottom, left:right]
