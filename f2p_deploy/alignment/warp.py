"""The similarity transform of the paper's face alignment, and an anti-aliased warp that applies it."""

import math

import numpy as np
from PIL import Image


def fit_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Fit the rotation, scale and translation that map points onto others (least squares, no reflection).

    In two dimensions Umeyama's solution (1991) is a quotient of complex numbers: with both sets centred and taken as
    complex numbers, scale and rotation are sum(conj(s) t) / sum(|s|^2).

    Args:
        source: (N, 2) points, not all the same.
        target: (N, 2) points.

    Returns:
        (2, 3) float64 matrix; `target ~ source @ matrix[:, :2].T + matrix[:, 2]`.

    Example:
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> matrix = fit_similarity(square, 2.0 * square + [5.0, 3.0])
        >>> scale_of(matrix), matrix[:, 2].tolist()
        (2.0, [5.0, 3.0])
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    s = (source - source_mean) @ np.array([1, 1j])
    t = (target - target_mean) @ np.array([1, 1j])
    turn = np.vdot(s, t) / np.vdot(s, s).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) matrix to (N, 2) points."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a (2, 3) matrix."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def scale_of(matrix: np.ndarray) -> float:
    """Return the scale of a similarity transform."""
    return math.sqrt(abs(np.linalg.det(matrix[:, :2])))


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Apply a similarity transform to an image.

    If the image is shrunk, it is first averaged over blocks of pixels, then drawn at twice the size and halved, which
    prevents aliasing. Outside the image its edge pixels are repeated.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 3) from pixels of the image to pixels of the result, pixel centres at .5.
        size: edge of the result in pixels.

    Returns:
        (size, size, 3) uint8.
    """
    oversampling = 2 if scale_of(matrix) < 1.0 else 1
    drawn = _drawn(image, matrix, size, oversampling, Image.Resampling.BICUBIC)
    return np.array(drawn.reduce(oversampling) if oversampling > 1 else drawn)


def quick_warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Apply a similarity transform as `warp` does, in a fifth of its time, for networks that only measure.

    If the image is shrunk, it is averaged over blocks of pixels and drawn once, bilinearly.
    """
    return np.array(_drawn(image, matrix, size, 1, Image.Resampling.BILINEAR))


def _drawn(
    image: np.ndarray, matrix: np.ndarray, size: int, oversampling: int, kernel: Image.Resampling
) -> Image.Image:
    """Draw an image, averaged over blocks of pixels if it is shrunk, at `oversampling` times the size."""
    reduction = max(1, math.floor(1.0 / scale_of(matrix)))
    back = inverse(matrix)
    window, origin = _window(image, transform(back, _corners(size)), margin=3 * reduction)
    source = Image.fromarray(window)
    if reduction > 1:
        source = source.reduce(reduction)
    linear = back[:, :2] / (oversampling * reduction)
    shift = (back[:, 2] - origin) / reduction
    coefficients = tuple(float(value) for value in (*linear[0], shift[0], *linear[1], shift[1]))
    edge = size * oversampling
    return source.transform((edge, edge), Image.Transform.AFFINE, coefficients, kernel)


def inside_fraction(image: np.ndarray, matrix: np.ndarray, size: int) -> float:
    """Return the share of a warped square that is inside the image, in [0, 1]."""
    grid = (np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1).reshape(-1, 2) + 0.5) * (size / 32)
    x, y = transform(inverse(matrix), grid).T
    height, width = image.shape[:2]
    return float(np.mean((x >= 0) & (x <= width) & (y >= 0) & (y <= height)))


def _corners(size: int) -> np.ndarray:
    return np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)


def _window(image: np.ndarray, corners: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of an image that a warp reads, with edge pixels repeated outside the image, and its origin."""
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    rows, above, below = _span(top, bottom, image.shape[0])
    columns, before, after = _span(left, right, image.shape[1])
    window = image[rows, columns]
    if above or below or before or after:
        window = np.pad(window, ((above, below), (before, after), (0, 0)), mode="edge")
    return window, np.array([left, top], dtype=np.float64)


def _span(start: int, stop: int, length: int) -> tuple[slice, int, int]:
    """Return the part of an axis from `start` to `stop` that exists, at least 1, and how much repeats on each side."""
    first = min(max(start, 0), length - 1)
    last = max(min(stop, length), first + 1)
    missing = stop - start - (last - first)
    before = min(max(first - start, 0), missing)
    return slice(first, last), before, missing - before
