"""A short shape vector of a face, invariant to pose, expression, size and mirroring.

MediaPipe's points have a depth, so a 3D similarity transform aligns every face with a template. The part of the shape
that MediaPipe's expression coefficients explain is subtracted. The rest is projected onto the principal axes of
people's faces, which `python tools/face_shape.py PORTRAITS...` computed from portraits that are not held out.
"""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

#: Length of a shape vector: this many axes explain 98 % of the variance among people.
LENGTH = 24

#: Number of points of MediaPipe's mesh without the irises.
POINTS = 468

#: Weight of the depth relative to x and y; it is lower because depth is estimated from the picture.
DEPTH_WEIGHT = 0.7

#: Added to a point's root mean square distance from its mean before that becomes a weight; in units of the distance
#: between the outer eye corners.
_SMALLEST = 0.002

#: Iterations of generalised Procrustes analysis: faces are aligned with their mean, then the mean is computed again.
_PASSES = 3

#: Ridge penalty of the regression of shapes on expression coefficients; it counts like this many faces.
_RIDGE = 5.0

_DATA = "face_shape.npz"


class ShapeSpace(NamedTuple):
    """The linear space of people's face shapes.

    Args:
        template: (468, 3) centred mean face; the outer eye corners are 1 apart.
        mirror: (468,) index of each point's mirror point.
        chosen: (K,) indices of the points that are used.
        weights: (K,) weight of each of them.
        axes: (k, 3 K) projection from weighted offsets of these points to a shape vector, scaled so that the shapes of
            people have a mean squared length of 1.
        usual: (52,) mean expression coefficients of photos.
        expressions: (52, k) change of the shape vector per unit of each expression coefficient.
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
    """Return the shape space that is shipped with the package."""
    file = files("f2p_deploy.character") / _DATA
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return ShapeSpace(**{name: stored[name] for name in ShapeSpace._fields})


def face_shape(mesh: np.ndarray, expression: np.ndarray | None = None, space: ShapeSpace | None = None) -> np.ndarray:
    """Return the (24,) float32 shape vector of a face: 0 is the mean of people, 1 their root mean square length.

    Args:
        mesh: (468 or 478, 3) MediaPipe's points, x right, y down, z away, all in the same unit.
        expression: (52,) MediaPipe's expression coefficients; None subtracts nothing, for a character with a neutral
            expression.
        space: the shape space; the shipped one if None.
    """
    space = space or shape_space()
    meshes = placed(np.asarray(mesh, np.float64)[None, :POINTS], space.template)
    away = _departures(meshes, space.mirror, space.template)
    shape = (away[:, space.chosen] * space.weights[:, None]).reshape(-1) @ space.axes.T
    if expression is not None:
        shape = shape - (np.asarray(expression, np.float64) - space.usual) @ space.expressions
    return shape.astype(np.float32)


def fit_shape_space(meshes: np.ndarray, expressions: np.ndarray, chosen: np.ndarray) -> ShapeSpace:
    """Fit the principal axes of people's shapes and the effect of expressions.

    A point's weight is 1 / the square root of its spread among people; otherwise the jaw line would outweigh eyes,
    brows and mouth.

    Args:
        meshes: (N, 468, 3) MediaPipe's points of photos.
        expressions: (N, 52) MediaPipe's expression coefficients.
        chosen: (K,) indices of the points to use.
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
    deviations = expressions - usual
    normal = deviations.T @ deviations + _RIDGE * np.eye(deviations.shape[1])
    slopes = np.linalg.solve(normal, deviations.T @ departures)
    neutral = departures - deviations @ slopes
    _, _, axes = np.linalg.svd(neutral, full_matrices=False)
    axes = axes[:LENGTH] / np.sqrt((neutral**2).sum(axis=1).mean())
    parts = (template, mirror.astype(np.int16), chosen.astype(np.int16), weights, axes, usual, slopes @ axes.T)
    return ShapeSpace(*(part.astype(np.float32) if part.dtype == np.float64 else part for part in parts))


def placed(meshes: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return (N, P, 3) meshes, centred and aligned with a (P, 3) template by a similarity transform each."""
    centred = meshes - meshes.mean(axis=1, keepdims=True)
    return np.einsum("nki,nji->nkj", centred, similarities(meshes, template))


def similarities(meshes: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return (N, 3, 3) scaled rotations that align centred (N, P, 3) meshes with a (P, 3) template (Umeyama 1991)."""
    centred = meshes - meshes.mean(axis=1, keepdims=True)
    left, sizes, right = np.linalg.svd(np.einsum("ki,nkj->nij", template - template.mean(axis=0), centred))
    signs = np.ones((len(meshes), 3))
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    scale = (sizes * signs).sum(axis=1) / (centred**2).sum(axis=(1, 2))
    return scale[:, None, None] * ((left * signs[:, None, :]) @ right)


def _departures(meshes: np.ndarray, mirror: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return the (N, P, 3) offsets from the template, averaged over both halves of the face, the depth weighted."""
    away = meshes - template
    return 0.5 * (away + away[:, mirror] * [-1.0, 1.0, 1.0]) * [1.0, 1.0, DEPTH_WEIGHT]
