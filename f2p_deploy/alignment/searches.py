"""The views of a photo that a face detector searches."""

import math
from collections.abc import Iterator

import numpy as np

#: Smallest edge of a tile in pixels; in a smaller tile a face would be too small to be aligned.
_SMALLEST_TILE = 256
_MOST_TILES_ACROSS = 8

#: The pixels of a view, and the (2, 3) matrix from them to the photo.
View = tuple[np.ndarray, np.ndarray]


def searches(image: np.ndarray) -> Iterator[list[View]]:
    """Yield the views of a photo, cheapest first: the photo, the photo with a margin, quarter turns, tiles."""
    height, width = image.shape[:2]
    yield [(image, shift(0, 0))]
    margin = max(height, width) // 3
    yield [(np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=127), shift(-margin, -margin))]
    yield [
        (np.rot90(image, 1), np.array([[0.0, -1.0, width], [1.0, 0.0, 0.0]])),
        (np.rot90(image, 3), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height]])),
        (np.rot90(image, 2), np.array([[-1.0, 0.0, width], [0.0, -1.0, height]])),
    ]
    across = 2
    while across <= _MOST_TILES_ACROSS and max(height, width) / across >= _SMALLEST_TILE:
        yield _tiles(image, math.ceil(max(height, width) / across))
        across *= 2


def _tiles(image: np.ndarray, side: int) -> list[View]:
    """Cut an image into squares that overlap by half."""
    step = side // 2
    return [
        (image[top : top + side, left : left + side], shift(left, top))
        for top in range(0, max(1, image.shape[0] - step), step)
        for left in range(0, max(1, image.shape[1] - step), step)
    ]


def shift(x: int, y: int) -> np.ndarray:
    """Return the (2, 3) matrix that moves points right and down."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
