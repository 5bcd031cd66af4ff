"""Contour points of faces: a training label that photos and renders share.

MediaPipe's landmarker finds its mesh in rendered faces as well as in photos, so its contours are a free label with the
same meaning in both.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.system.files import open_whole
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS, OUTER_CORNERS, PART_POINTS

#: Coordinates are clipped to this number of standard deviations, so that landmark errors do not dominate the loss.
_FARTHEST = 4.0

#: Minimum of a coordinate's standard deviation, in edges of the picture.
_SMALLEST_DEVIATION = 0.003


def contour_shape(dense: np.ndarray | None, size: int) -> np.ndarray:
    """Return (K, 2) float32 contour points in edges of the picture; NaN where there is no mesh.

    Args:
        dense: (478, 2) mesh points in pixels, or None.
        size: edge of the picture in pixels.
    """
    if dense is None:
        return np.full((len(CONTOUR_POINTS), 2), np.nan, np.float32)
    return (np.asarray(dense)[list(CONTOUR_POINTS), :2] / size).astype(np.float32)


def shapes_of_pairs(
    pairs: PairSet, finder: LandmarkFinder, cache: Path, progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Return (N, K, 2) float32 contour points of rendered faces, NaN where no face is found.

    Args:
        pairs: the renders.
        finder: of landmarks.
        cache: `.npz` file of the result; it is read if it was written for the same pairs, else replaced.
        progress: called with (pictures done, pictures in total).
    """
    facts = {name: pairs.manifest.get(name) for name in ("engine", "size", "sampling", "parameters_sha256")}
    key = hashlib.sha256(json.dumps([facts, len(pairs), CONTOUR_POINTS], sort_keys=True).encode()).hexdigest()
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["key"]) == key:
                return stored["shapes"]
    shapes = np.empty((len(pairs), len(CONTOUR_POINTS), 2), np.float32)
    for i in range(len(pairs)):
        faces = finder.find(pairs.image(i))
        shapes[i] = contour_shape(faces[0].dense if faces else None, pairs.size)
        if progress is not None:
            progress(i + 1, len(pairs))
    cache.parent.mkdir(parents=True, exist_ok=True)
    with open_whole(cache) as file:
        np.savez(file, key=key, shapes=shapes)
    return shapes


class ShapeModel:
    """The linear map from parameters to contour points, which replaces rendering and finding landmarks.

    It is fitted by ridge regression over rendered faces: sliders move a mesh linearly, and with it the points in the
    front view.

    Args:
        parameters: (N, n) of rendered faces.
        shapes: (N, K, 2) of the same faces, not all NaN.
        ridge: L2 penalty on the slopes, in samples.
    """

    def __init__(self, parameters: np.ndarray, shapes: np.ndarray, ridge: float = 10.0) -> None:
        known = np.isfinite(shapes).all(axis=(1, 2))
        x, y = parameters[known].astype(np.float64), shapes[known].astype(np.float64).reshape(int(known.sum()), -1)
        middle = x.mean(axis=0)
        centred = x - middle
        slopes = np.linalg.solve(centred.T @ centred + ridge * np.eye(x.shape[1]), centred.T @ (y - y.mean(axis=0)))
        self.slopes = torch.from_numpy(slopes.astype(np.float32))
        self.offset = torch.from_numpy((y.mean(axis=0) - middle @ slopes).astype(np.float32))

    def __call__(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (B, K, 2) contour points in edges of the picture for (B, n) parameters."""
        slopes, offset = self.slopes.to(parameters.device), self.offset.to(parameters.device)
        return (parameters @ slopes + offset).unflatten(1, (-1, 2))


def shape_distance(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return (B,) mean distances of contour points (B, K, 2), in edges of the picture."""
    return ((predicted - target).square().sum(dim=2) + 1e-8).sqrt().mean(dim=1)


class PointWeights:
    """The distance of `f2p-deploy evaluate landmarks` as a loss of contour points."""

    def __init__(self) -> None:
        weights = np.zeros(len(CONTOUR_POINTS), np.float32)
        for points in PART_POINTS.values():
            weights[[CONTOUR_POINTS.index(point) for point in points]] += 1.0 / (len(PART_POINTS) * len(points))
        self.weights = torch.from_numpy(weights)
        self.corners = [CONTOUR_POINTS.index(point) for point in OUTER_CORNERS]

    def __call__(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return (B,) mean distances of contour points (B, K, 2) / the target's distance of the outer eye corners.

        Brows, eyes, nose, mouth and contour each have the weight 1 / 5.
        """
        left, right = target[:, self.corners].unbind(dim=1)
        distances = ((predicted - target).square().sum(dim=2) + 1e-10).sqrt()
        return (distances * self.weights).sum(dim=1) / (right - left).square().sum(dim=1).sqrt()


class ShapeTarget:
    """The standardisation of contour points: without position, scale and rotation, mean 0 and variance 1 over renders.

    Args:
        shapes: (N, K, 2) of rendered faces, not all NaN.
    """

    def __init__(self, shapes: np.ndarray) -> None:
        known = shapes[np.isfinite(shapes).all(axis=(1, 2))].astype(np.float64)
        self.mean = known.mean(axis=0)
        superposed = superpose(known, self.mean)
        self.mean = superposed.mean(axis=0)
        self.deviation = np.maximum(superposed.std(axis=0), _SMALLEST_DEVIATION)

    def __call__(self, shapes: np.ndarray) -> np.ndarray:
        """Return (N, 2 K) float32; rows of faces without a mesh are NaN."""
        scores = (superpose(np.asarray(shapes, np.float64), self.mean) - self.mean) / self.deviation
        return np.clip(scores, -_FARTHEST, _FARTHEST).reshape(len(shapes), -1).astype(np.float32)


def superpose(shapes: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Return shapes (N, K, 2), each moved by the similarity transform that brings it closest to `onto` (K, 2).

    This is the least-squares solution of Umeyama (1991); in the plane it is a product of complex numbers.
    """
    target = onto[:, 0] + 1j * onto[:, 1]
    points = shapes[..., 0] + 1j * shapes[..., 1]
    centred = points - points.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # rows of NaN stay NaN
        factor = (centred.conj() * (target - target.mean())).sum(axis=1) / (np.abs(centred) ** 2).sum(axis=1)
    moved = centred * factor[:, None] + target.mean()
    return np.stack([moved.real, moved.imag], axis=-1)
