"""Five rough points made exact by the segmentation network's own eyes, nose and mouth."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.alignment.warp import fit_similarity, inverse, transform, warp
from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS

logger = logging.getLogger(__name__)

#: Where the nose tip lies between the upper and lower end of the nose region: mean of MediaPipe's landmark 4 in the
#: regions of `f2p_deploy.training.data.portrait_labels` on 147 portraits.
_NOSE_TIP_HEIGHT = 0.77

#: Fraction of the face crop that the eyes, the lips and the nose must cover at least to be believed.
_SMALLEST_REGION = 0.0008

#: Distance from the template, in fractions of the crop, up to which a region is taken for an eye or a mouth.
_REACH = 0.16

#: A refinement that moves the points further than this (r.m.s., fractions of the crop) has found something else.
_LARGEST_MOVE = 0.12

#: Rows of the five points without the nose, which is seen in much that is no face.
_EYES_AND_MOUTH = [0, 1, 3, 4]

#: Where neither eyes nor mouth are seen, they are looked for this much lower and higher, in fractions of the crop: the
#: cascade takes some high foreheads for a part of the face. (Where one of them is seen already, it leads astray.)
_SLIPPED = 0.15


@dataclass(frozen=True)
class FaceSegmenter:
    """The segmentation network as refinement sees it.

    Args:
        probabilities: takes an aligned face, (S, S, 3) float32 RGB in [0, 1]; gives (11, h, w) probabilities of
            `HELEN_CLASSES`, at any resolution.
        template: the average face's five points in fractions of the square, as the network was trained.
        size: edge S of the crop.
    """

    probabilities: Callable[[np.ndarray], np.ndarray]
    template: Mapping[str, tuple[float, float]]
    size: int


def refine(image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, rounds: int = 2) -> np.ndarray | None:
    """Move five points to where the segmentation network sees eyes, nose and mouth.

    The face is warped by the points at hand, segmented, the points are read off the regions, and all of that again
    with the better points.

    Args:
        image: (H, W, 3) uint8 RGB photo.
        points: (5, 2) in photo pixels, in the order of `LANDMARKS`; good enough for a crop.
        segmentation: the network, its crop and its template.
        rounds: how often.

    Returns:
        (5, 2) better points, or None if the crop has no eyes and no mouth: then it is no face.
    """
    target = np.array([segmentation.template[name] for name in LANDMARKS])
    points, seen = _clearest(image, points, segmentation, target)
    for rest in reversed(range(rounds)):
        if np.isnan(seen[_EYES_AND_MOUTH]).all():
            return None
        matrix = fit_similarity(points, target * segmentation.size)
        current = transform(matrix, points) / segmentation.size
        moved = np.where(np.isnan(seen), current, seen)
        move = float(np.sqrt(np.mean(np.sum((moved - target) ** 2, axis=1))))
        if move > _LARGEST_MOVE:
            logger.info("refinement stopped: the regions lie %.2f of the crop from the template", move)
            break
        points = transform(inverse(matrix), moved * segmentation.size)
        if rest:
            seen = _seen(image, points, segmentation, target)
    return points


def _seen(image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, target: np.ndarray) -> np.ndarray:
    """Return the points (5, 2) that the network sees in the crop that points make, in fractions of it."""
    matrix = fit_similarity(points, target * segmentation.size)
    crop = warp(image, matrix, segmentation.size).astype(np.float32) / 255.0
    return read_points(segmentation.probabilities(crop), target)


def _clearest(
    image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return points and what is seen by them; where that is neither eye nor mouth, they are moved by `_SLIPPED`."""
    seen = _seen(image, points, segmentation, target)
    if not np.isnan(seen[_EYES_AND_MOUTH]).all():
        return points, seen
    down = (points[3:].mean(axis=0) - points[:2].mean(axis=0)) / (target[3:, 1].mean() - target[:2, 1].mean())
    moved = [points + slipped * down for slipped in (_SLIPPED, -_SLIPPED)]
    tried = [(there, _seen(image, there, segmentation, target)) for there in moved]
    return max(tried, key=lambda found: int((~np.isnan(found[1][_EYES_AND_MOUTH, 0])).sum()))


def read_points(probabilities: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Read the five points off class probabilities.

    An eye is the centroid of its region near the template's eye; which of the two eye classes it is does not matter,
    so that networks that name sides from the person's view work too. The mouth's corners are the ends of the lips and
    what is between them.

    Args:
        probabilities: (11, h, w), see `FaceSegmenter`.
        template: (5, 2) in fractions of the crop.

    Returns:
        (5, 2) in fractions of the crop; NaN where there is no such region.
    """
    classes = {name: np.asarray(probabilities[i], dtype=np.float64) for i, name in enumerate(HELEN_CLASSES)}
    _, height, width = probabilities.shape
    x = (np.arange(width) + 0.5) / width
    y = (np.arange(height) + 0.5) / height
    eyes = classes["left-eye"] + classes["right-eye"]
    mouth = classes["upper-lip"] + classes["inner-mouth"] + classes["lower-lip"]
    middle = (template[0, 0] + template[1, 0]) / 2
    points = np.full((5, 2), np.nan)
    points[0] = _centroid(np.where(x < middle, _near(eyes, x, y, template[0]), 0.0), x, y)
    points[1] = _centroid(np.where(x >= middle, _near(eyes, x, y, template[1]), 0.0), x, y)
    points[2] = _nose_tip(_near(classes["nose"], x, y, template[2]), x, y)
    points[3:] = _ends(_near(mouth, x, y, (template[3] + template[4]) / 2), x, y)
    return points


def _near(region: np.ndarray, x: np.ndarray, y: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return a region's probabilities, zero where they are low or further than `_REACH` from a place."""
    distance = np.hypot(x[None, :] - place[0], y[:, None] - place[1])
    return np.where((distance < _REACH) & (region > 0.3), region, 0.0)


def _centroid(region: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    total = region.sum()
    if total < _SMALLEST_REGION * region.size:
        return np.nan, np.nan
    return float((region.sum(axis=0) @ x) / total), float((region.sum(axis=1) @ y) / total)


def _nose_tip(region: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    if region.sum() < _SMALLEST_REGION * region.size:
        return np.nan, np.nan
    rows = np.flatnonzero(region.max(axis=1) > 0.5)
    if len(rows) < 2:
        return np.nan, np.nan
    row = round(rows[0] + _NOSE_TIP_HEIGHT * (rows[-1] - rows[0]))
    band = region[max(0, row - 1) : row + 2].sum(axis=0)
    return (float(band @ x / band.sum()), float(y[row])) if band.sum() > 0 else (np.nan, np.nan)


def _ends(region: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the left and right end of the mouth, (2, 2)."""
    solid = np.where(region > 0.5, region, 0.0)
    columns = np.flatnonzero(solid.sum(axis=0) > 0)
    if region.sum() < _SMALLEST_REGION * region.size or len(columns) < 2:
        return np.full((2, 2), np.nan)
    ends = []
    cell = (x[1] - x[0]) / 2
    for column, beside, outwards in (
        (columns[0], columns[: max(1, len(columns) // 10)], -cell),
        (columns[-1], columns[-max(1, len(columns) // 10) :], cell),
    ):
        rows = solid[:, beside].sum(axis=1)
        ends.append((x[column] + outwards, float(rows @ y / rows.sum())))
    return np.array(ends)
