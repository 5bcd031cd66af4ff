"""The sharpness and the brightness of a face in a photo."""

import numpy as np
from PIL import Image

from f2p_deploy.alignment.warp import warp

#: Edge in pixels of the square in which sharpness is measured, for aligned faces of any size.
_SIZE = 256

#: Pixels averaged in each direction before the Laplacian, which suppresses grain and JPEG blocks.
_GRAIN = 2


def sharpness_of(image: np.ndarray, matrix: np.ndarray, landmarks: np.ndarray, size: int) -> float:
    """Return the sharpness of a face between brows and mouth, in per cent of its contrast.

    The face is drawn at 256 pixels and averaged over 2x2 pixels. The result is 100 times the standard deviation of its
    Laplacian / the standard deviation of its grey values; 0 is a flat picture. Lighting, contrast and the size of the
    aligned face hardly change it.

    Args:
        image: (H, W, 3) uint8 RGB photo.
        matrix: (2, 3) from the photo to the aligned face of `size` pixels.
        landmarks: (5, 2) points in the aligned face.
        size: edge of the aligned face in pixels.
    """
    grey = _inner_face(image, matrix, landmarks, size, reduction=_GRAIN)
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    contrast = float(grey.std())
    return 100.0 * float(laplacian.std()) / contrast if contrast > 0.5 else 0.0


def brightness_of(image: np.ndarray, matrix: np.ndarray, landmarks: np.ndarray, size: int) -> float:
    """Return the mean luma of a face between brows and mouth, in [0, 1]; for the arguments see `sharpness_of`."""
    return float(_inner_face(image, matrix, landmarks, size, reduction=8).mean()) / 255.0


def _inner_face(
    image: np.ndarray, matrix: np.ndarray, landmarks: np.ndarray, size: int, reduction: int
) -> np.ndarray:
    """Return the grey values (float32, 0 to 255) of the rectangle around eyes and mouth."""
    scale = _SIZE / size
    face = Image.fromarray(warp(image, matrix * scale, _SIZE)).convert("L").reduce(reduction)
    low = landmarks.min(axis=0) * scale / reduction
    high = landmarks.max(axis=0) * scale / reduction
    margin = 0.25 * (high - low)
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + margin), _SIZE // reduction).astype(int)
    return np.asarray(face, dtype=np.float32)[top:bottom, left:right]
