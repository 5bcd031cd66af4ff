"""Wrinkles of an old face: a height map over the base mesh, and the darkness of the folds.

Coordinates are those of the base mesh, as in `skin_tones`; depths are in decimetres.
"""

import numpy as np

from f2p_deploy.engine.makehuman.noise import gaussian_noise

#: Lines on both halves of the face: (x, y) points from end to end, half width and depth in decimetres.
_LINES = (
    # From the nose's wing around the mouth, and from the mouth's corner down.
    (((0.165, 6.97), (0.225, 6.88), (0.29, 6.77), (0.335, 6.66), (0.345, 6.58)), 0.022, 0.0150),
    (((0.275, 6.585), (0.295, 6.50), (0.305, 6.41), (0.295, 6.34)), 0.018, 0.0090),
    # Under the eye: the lid's crease, and the rim of the bag.
    (((0.20, 7.225), (0.26, 7.185), (0.33, 7.175), (0.40, 7.205)), 0.013, 0.0060),
    (((0.185, 7.205), (0.235, 7.13), (0.31, 7.095), (0.39, 7.12), (0.45, 7.18)), 0.018, 0.0080),
    # Crow's feet.
    (((0.475, 7.315), (0.55, 7.365), (0.61, 7.425)), 0.013, 0.0055),
    (((0.480, 7.285), (0.56, 7.295), (0.64, 7.315)), 0.013, 0.0055),
    (((0.475, 7.250), (0.55, 7.225), (0.63, 7.205)), 0.013, 0.0055),
    (((0.455, 7.220), (0.51, 7.170), (0.57, 7.120)), 0.012, 0.0045),
    # Between the brows, and across the root of the nose.
    (((0.050, 7.37), (0.058, 7.45), (0.062, 7.54)), 0.015, 0.0070),
    (((0.0, 7.325), (0.05, 7.33), (0.09, 7.345)), 0.012, 0.0035),
    # Hollow of the cheek.
    (((0.50, 6.98), (0.475, 6.84), (0.43, 6.70), (0.40, 6.58)), 0.020, 0.0060),
    # The chin's upper rim.
    (((0.0, 6.445), (0.08, 6.44), (0.14, 6.415)), 0.018, 0.0060),
)  # fmt: skip
#: Half widths beyond which a line is nothing: exp(-8**2) is 1e-28.
_REACH = 8.0
_FOREHEAD, _NECK = (7.60, 7.675, 7.755, 7.84, 7.93), (6.02, 5.90, 5.76, 5.60)


def wrinkle_heights(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (H, W) heights of an old face's skin in decimetres, and the darkness of its folds in [0, 1].

    Args:
        x, y, z: (H, W) positions on the base mesh.
    """
    rng = np.random.default_rng(20240521)
    wave, breaks, fine = (gaussian_noise(rng, x.shape, *size) for size in ((40, 40), (25, 25), (5, 2)))
    side = np.abs(x)
    front = np.clip((z - 0.75) / 0.3, 0, 1)
    depth, bent = np.zeros(x.shape), y + 0.004 * wave
    for points, width, deep in _LINES:
        ends = np.array(points)
        (left, low), (right, high) = ends.min(0) - _REACH * width, ends.max(0) + _REACH * width
        near = (side > left) & (side < right) & (bent > low) & (bent < high)
        along = _distance(side[near], bent[near], ends)
        depth[near] = np.maximum(depth[near], deep * np.exp(-((along / width) ** 2)) * front[near])
    broken = np.clip(0.75 + 0.35 * breaks, 0, 1)
    for k, height in enumerate(_FOREHEAD):
        # The lines follow the brows: lowest in the middle.
        bent = y - height - 0.07 * np.clip(side, 0, 0.5) + (0.14 + 0.02 * k) * side**2 - 0.008 * wave
        across = np.clip((0.60 - side) / 0.25, 0, 1) * front
        depth = np.maximum(depth, 0.0085 * np.exp(-((bent / 0.015) ** 2)) * across * broken)
    for height in _NECK:
        bent = y - height - 0.25 * side**2 - 0.02 * wave
        throat = np.clip((0.6 - side) / 0.3, 0, 1) * np.clip((z - 0.3) / 0.2, 0, 1)
        depth = np.maximum(depth, 0.012 * np.exp(-((bent / 0.022) ** 2)) * throat * broken)
    lips = np.exp(-(((y - 6.70) / 0.045) ** 2)) * np.clip((0.24 - side) / 0.05, 0, 1) * front
    depth = np.maximum(depth, 0.004 * lips * np.clip(np.cos(2 * np.pi * (side + 0.004 * wave) / 0.062), 0, 1) ** 2)
    cheeks = np.exp(-(((side - 0.45) / 0.2) ** 2) - ((y - 6.85) / 0.35) ** 2) * front
    heights = -depth + 0.0006 * fine * (0.25 + cheeks)
    return heights, np.clip(depth / 0.014, 0, 1)


def _distance(x: np.ndarray, y: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the distance of (N,) positions from a line through (n, 2) points; it grows faster beyond the ends."""
    nearest = np.full(x.shape, np.inf)
    for k, (start, end) in enumerate(zip(points, points[1:], strict=False)):
        direction = end - start
        length = float(np.hypot(*direction))
        along = ((x - start[0]) * direction[0] + (y - start[1]) * direction[1]) / length
        over = np.maximum(0, -along) + np.maximum(0, along - length)
        across = np.abs((x - start[0]) * direction[1] - (y - start[1]) * direction[0]) / length
        # A line becomes thinner towards its ends.
        thin = (
            1
            + 1.2 * (k == 0) * np.clip(1 - along / length, 0, 1)
            + 1.2 * (k == len(points) - 2) * np.clip(along / length, 0, 1)
        )
        nearest = np.minimum(nearest, np.hypot(across * thin, over * 1.6))
    return nearest
