"""The distance between two faces' MediaPipe meshes, by part of the face."""

import numpy as np

from f2p_deploy.training.data.portrait_labels import OUTER_CORNERS, PART_POINTS

#: Compared points of MediaPipe's mesh, by part of the face.
GROUPS = PART_POINTS

#: The mean of the five parts' means, so that the mouth's 40 points weigh no more than the brows' 20.
TOGETHER = "together"

#: Names of the figures of one picture, in the order of the arrays.
FIGURES = (*GROUPS, TOGETHER)


def eye_distance(points: np.ndarray) -> float:
    """Return the distance between the outer eye corners of (478, 2) points, in their unit."""
    left, right = points[list(OUTER_CORNERS)]
    return float(np.hypot(*(right - left)))


def mesh_distances(truth: np.ndarray, found: np.ndarray | None) -> np.ndarray:
    """Return mean point distance / the photo's outer-eye distance, of a render's points from a photo's.

    Args:
        truth: (478, 2) points of the aligned photo, in pixels of the aligned square.
        found: (478, 2) points of the render, in pixels of a square of the same size; None if it has no detected face.

    Returns:
        (6,) float64 in the order of `FIGURES`; infinite without a face, so that a failure never improves a result.
    """
    if found is None:
        return np.full(len(FIGURES), np.inf)
    apart = np.hypot(*(found - truth).T) / eye_distance(truth)
    parts = [float(apart[list(points)].mean()) for points in GROUPS.values()]
    return np.array([*parts, float(np.mean(parts))])
