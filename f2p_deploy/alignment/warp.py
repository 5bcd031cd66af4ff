"""The similarity transform of the paper's face alignment, and the warp that applies it without aliasing."""

import math

import numpy as np
from PIL import Image


def fit_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the rotation, scale and shift that bring points nearest to others (least squares, no reflection).

    In two dimensions Umeyama's solution (1991) is a complex quotient: with both sets centred and read as complex
    numbers, scale and rotation are sum(conj(s) t) / sum(|s|^2).

    Args:
        source: (N, 2) points, not all the same.
        target: (N, 2) points.

    Returns:
        (2, 3) float64; `target ~ source @ matrix[:, :2].T + matrix[:, 2]`.
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
    """Return the (2, 3) matrix that undoes another one."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def scale_of(matrix: np.ndarray) -> float:
    """Return how much longer a similarity transform makes a line."""
    return math.sqrt(abs(np.linalg.det(matrix[:, :2])))


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Draw a similarity-transformed image.

    Where the image shrinks, it is averaged over whole pixels first and drawn at twice the size after, so that fine
    texture does not turn into patterns. Beyond the image's edge its outermost pixels go on.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 3) from pixels of the image to pixels of the result, pixel centres at .5.
        size: edge of the result in pixels.

    Returns:
        (size, size, 3) uint8.
    """
    scale = scale_of(matrix)
    reduction = max(1, math.floor(1.0 / scale))
    oversampling = 2 if scale < 1.0 else 1
    back = inverse(matrix)
    window, origin = _window(image, transform(back, _corners(size)), margin=3 * reduction)
    source = Image.fromarray(window)
    if reduction > 1:
        source = source.reduce(reduction)
    linear = back[:, :2] / (oversampling * reduction)
    shift = (back[:, 2] - origin) / reduction
    coefficients = (*linear[0], shift[0], *linear[1], shift[1])
    drawn = source.transform(
        (size * oversampling, size * oversampling),
        Image.Transform.AFFINE,
        tuple(float(value) for value in coefficients),
        Image.Resampling.BICUBIC,
    )
    return np.array(drawn.reduce(oversampling) if oversampling > 1 else drawn)


def inside_fraction(image: np.ndarray, matrix: np.ndarray, size: int) -> float:
    """Return which part of a warped square lies inside the image, in [0, 1]."""
    grid = (np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1).reshape(-1, 2) + 0.5) * (size / 32)
    x, y = transform(inverse(matrix), grid).T
    height, width = image.shape[:2]
    return float(np.mean((x >= 0) & (x <= width) & (y >= 0) & (y <= height)))


def _corners(size: int) -> np.ndarray:
    return np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)


def _window(image: np.ndarray, corners: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut out the part of an image that a warp reads, its edge pixels repeated beyond the image, and its origin."""
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    rows = np.clip(np.arange(top, bottom), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, image.shape[1] - 1)
    return np.ascontiguousarray(image[rows[:, None], columns]), np.array([left, top], dtype=np.float64)
