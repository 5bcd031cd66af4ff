"""How far two faces' MediaPipe meshes are apart, by part of the face."""

import numpy as np

from f2p_deploy.training.data.portrait_labels import OUTER_CORNERS, PART_POINTS

#: Points of MediaPipe's mesh that are compared, by part of the face.
GROUPS = PART_POINTS

#: The mean of the five parts' means: the mouth's 40 points count no more than the brows' 20.
TOGETHER = "together"

#: The figures of one picture, in the order of the arrays that hold them.
FIGURES = (*GROUPS, TOGETHER)


def eye_distance(points: np.ndarray) -> float:
    """Return the distance of the outer corners of the eyes of (478, 2) points, in their unit."""
    left, right = points[list(OUTER_CORNERS)]
    return float(np.hypot(*(right - left)))


def mesh_distances(truth: np.ndarray, found: np.ndarray | None) -> np.ndarray:
    """Return how far a render's points are from a photo's, over the photo's outer-eye distance.

    Args:
        truth: (478, 2) points of the aligned photo, in pixels of the aligned square.
        found: (478, 2) points of the render, in pixels of a square of the same size; None if no face was found in it.

    Returns:
        (6,) float64 in the order of `FIGURES`; infinite where no face was found, so that a failure cannot help.
    """
    if found is None:
        return np.full(len(FIGURES), np.inf)
    apart = np.hypot(*(found - truth).T) / eye_distance(truth)
    parts = [float(apart[list(points)].mean()) for points in GROUPS.values()]
    return np.array([*parts, float(np.mean(parts))])
