"""The shape of a face as a few numbers: pose, expression and size taken out, the same for a photo and its mirror image.

MediaPipe's points have a depth, so a similarity transform in space brings every face into one place; what its
expression coefficients explain of a shape is subtracted; what is left is given in the principal axes of people's faces
(`python tools/face_shape.py PORTRAITS...` found them in the portraits that are not held out).
"""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

#: How many numbers a shape has: the axes that hold 98 % of the variance among people.
LENGTH = 24

#: Points of MediaPipe's mesh without the irises.
POINTS = 468

#: How much a depth counts beside a place in the picture, from which it is guessed.
DEPTH_WEIGHT = 0.7

#: Added to how far a point lies from its mean, in distances of the outer eye corners, before it becomes a weight.
_SMALLEST = 0.002

#: Passes of aligning faces to their own mean.
_PASSES = 3

#: The penalty on the squares of what an expression coefficient does to a shape, in faces.
_RIDGE = 5.0

_DATA = "face_shape.npz"


class ShapeSpace(NamedTuple):
    """Where people's shapes lie.

    Args:
        template: (468, 3) the mean face about its middle, the outer eye corners 1 apart.
        mirror: (468,) the point at the other side of each.
        chosen: (K,) the points that count.
        weights: (K,) how much each counts.
        axes: (k, 3 K) from weighted departures of these points to a shape; people's have a mean square length of 1.
        usual: (52,) mean expression coefficients of photos.
        expressions: (52, k) what each adds to a shape.
    """

    template: np.ndarray
    mirror: np.ndarray
    chosen: np.ndarray
    weights: np.ndarray
    axes: np.ndarray
    usual: np.ndarray
    expressions: np.ndarray


@cache
def shape_space() -> ShapeSpace:
    """Return the space of shapes that comes with the package."""
    file = files("f2p_deploy.character") / _DATA
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return ShapeSpace(**{name: stored[name] for name in ShapeSpace._fields})


def face_shape(mesh: np.ndarray, expression: np.ndarray | None = None, space: ShapeSpace | None = None) -> np.ndarray:
    """Return the (24,) float32 shape of a face: 0 is people's mean, 1 is how far people are from it.

    Args:
        mesh: (468 or 478, 3) MediaPipe's points, x right, y down, z away, in one unit.
        expression: (52,) its expression coefficients; None leaves the expression in the shape, for a character that
            makes none.
        space: the package's own if not given.
    """
    space = space or shape_space()
    meshes = placed(np.asarray(mesh, np.float64)[None, :POINTS], space.template)
    away = _departures(meshes, space.mirror, space.template)
    shape = (away[:, space.chosen] * space.weights[:, None]).reshape(-1) @ space.axes.T
    if expression is not None:
        shape = shape - (np.asarray(expression, np.float64) - space.usual) @ space.expressions
    return shape.astype(np.float32)


def fit_shape_space(meshes: np.ndarray, expressions: np.ndarray, chosen: np.ndarray) -> ShapeSpace:
    """Find the principal axes of people's shapes, and what expressions do to them.

    A point counts the less the more it differs among people, by the root of how much: the line of the jaw would
    outweigh eyes, brows and mouth otherwise.

    Args:
        meshes: (N, 468, 3) of photos.
        expressions: (N, 52).
        chosen: (K,) the points that count.
    """
    apart = np.linalg.norm(meshes[:, 263, :2] - meshes[:, 33, :2], axis=1)
    template = (meshes / apart[:, None, None]).mean(axis=0)
    template -= template.mean(axis=0)
    for _ in range(_PASSES):
        template = placed(meshes, template).mean(axis=0)
    apart_at_other_side = np.linalg.norm(template[:, None] - (template * [-1.0, 1.0, 1.0])[None], axis=2)
    mirror = apart_at_other_side.argmin(axis=1)
    departures = _departures(placed(meshes, template), mirror, template)[:, chosen]
    weights = 1.0 / np.sqrt(np.sqrt((departures**2).sum(axis=2).mean(axis=0)) + _SMALLEST)
    departures = (departures * weights[:, None]).reshape(len(meshes), -1)
    usual = expressions.mean(axis=0)
    shown = expressions - usual
    slopes = np.linalg.solve(shown.T @ shown + _RIDGE * np.eye(shown.shape[1]), shown.T @ departures)
    neutral = departures - shown @ slopes
    _, _, axes = np.linalg.svd(neutral, full_matrices=False)
    axes = axes[:LENGTH] / np.sqrt((neutral**2).sum(axis=1).mean())
    kept = (template, mirror.astype(np.int16), chosen.astype(np.int16), weights, axes, usual, slopes @ axes.T)
    return ShapeSpace(*(part.astype(np.float32) if part.dtype == np.float64 else part for part in kept))


def placed(meshes: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return meshes (N, P, 3), centred, under the similarity transform that brings each closest to (P, 3)."""
    centred = meshes - meshes.mean(axis=1, keepdims=True)
    return np.einsum("nki,nji->nkj", centred, similarities(meshes, template))


def similarities(meshes: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return (N, 3, 3) rotations times scales that bring meshes (N, P, 3), centred, nearest to (P, 3): Umeyama 1991."""
    centred = meshes - meshes.mean(axis=1, keepdims=True)
    left, sizes, right = np.linalg.svd(np.einsum("ki,nkj->nij", template - template.mean(axis=0), centred))
    signs = np.ones((len(meshes), 3))
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    scale = (sizes * signs).sum(axis=1) / (centred**2).sum(axis=(1, 2))
    return scale[:, None, None] * ((left * signs[:, None, :]) @ right)


def _departures(meshes: np.ndarray, mirror: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return how far points (N, P, 3) are from the template, mean of both sides, weighted."""
    away = meshes - template
    return 0.5 * (away + away[:, mirror] * [-1.0, 1.0, 1.0]) * [1.0, 1.0, DEPTH_WEIGHT]
