"""The views of a photo that a face detector searches."""

import math
from collections.abc import Iterator

import numpy as np

#: Smallest edge of a tile in pixels; in a smaller tile a face would be too small to be aligned.
_SMALLEST_TILE = 256
_MOST_TILES_ACROSS = 8

#: The margin of the second view is the photo's longer edge / this.
MARGIN = 3

#: The pixels of a view, and the (2, 3) matrix from them to the photo.
View = tuple[np.ndarray, np.ndarray]


def searches(image: np.ndarray) -> Iterator[list[View]]:
    """Yield the views of a photo, cheapest first: the photo, the photo with a margin, quarter turns, tiles."""
    height, width = image.shape[:2]
    yield [(image, shift(0, 0))]
    margin = max(height, width) // MARGIN
    yield [(np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=127), shift(-margin, -margin))]
    yield [
        (np.rot90(image, 1), np.array([[0.0, -1.0, width], [1.0, 0.0, 0.0]])),
        (np.rot90(image, 3), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height]])),
        (np.rot90(image, 2), np.array([[-1.0, 0.0, width], [0.0, -1.0, height]])),
    ]
    for side in tile_sides(height, width):
        yield [
            (image[top : top + side, left : left + side], shift(left, top))
            for left, top in tile_corners(height, width, side)
        ]


def tile_sides(height: int, width: int) -> Iterator[int]:
    """Yield the edges of a photo's tiles in pixels: a half, a quarter and an eighth of its longer edge."""
    across = 2
    while across <= _MOST_TILES_ACROSS and max(height, width) / across >= _SMALLEST_TILE:
        yield math.ceil(max(height, width) / across)
        across *= 2


def tile_corners(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Return left and top of the squares of a photo that overlap by half, row by row."""
    step = side // 2
    lefts, tops = (range(0, max(1, edge - step), step) for edge in (width, height))
    return [(left, top) for top in tops for left in lefts]


def shift(x: int, y: int) -> np.ndarray:
    """Return the (2, 3) matrix that moves points right and down."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
