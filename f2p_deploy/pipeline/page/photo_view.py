"""The photo on the page: a small copy, with frame and landmarks in pixels of the copy."""

import numpy as np
from PIL import Image

from f2p_deploy.alignment import AlignedFace
from f2p_deploy.alignment.warp import inverse, transform
from f2p_deploy.pipeline.results import PhotoView

#: Longest edge of the small photo in pixels.
LONGEST_EDGE = 640


def draw_photo(image: np.ndarray, aligned: AlignedFace) -> tuple[Image.Image, PhotoView]:
    """Return a small copy of a photo, with the frame of the aligned face and the landmarks in its pixels.

    Args:
        image: (H, W, 3) uint8 RGB.
        aligned: the photo's face.
    """
    photo = Image.fromarray(image)
    photo.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
    scale = np.array([photo.width / image.shape[1], photo.height / image.shape[0]])
    size = aligned.image.shape[0]
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], dtype=np.float64)
    frame = transform(inverse(aligned.matrix), corners) * scale
    points = {name: np.array(point) * scale for name, point in aligned.landmarks.points.items()}
    return photo, PhotoView(
        width=photo.width,
        height=photo.height,
        frame=tuple(_pair(corner) for corner in frame),
        points={name: _pair(point) for name, point in points.items()},
    )


def _pair(point: np.ndarray) -> tuple[float, float]:
    return round(float(point[0]), 1), round(float(point[1]), 1)
