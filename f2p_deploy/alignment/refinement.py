"""Refine five rough landmarks by the eyes, nose and mouth that the segmentation network finds."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.alignment.warp import fit_similarity, inverse, transform, warp
from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS

logger = logging.getLogger(__name__)

#: Position of the nose tip between the upper (0) and lower (1) end of the nose region: mean of MediaPipe's landmark 4
#: in the regions of `f2p_deploy.training.data.portrait_labels` on 147 portraits.
_NOSE_TIP_HEIGHT = 0.77

#: Smallest area of an eye, of the mouth and of the nose, in fractions of the face crop; smaller regions are ignored.
_SMALLEST_REGION = 0.0008

#: Largest distance of a region from its place in the template, in fractions of the crop.
_REACH = 0.16

#: Largest r.m.s. distance of the points from the template, in fractions of the crop; refinement stops beyond it, since
#: the regions are then those of something else.
_LARGEST_MOVE = 0.12

#: Rows of the five points without the nose, which the network also finds in many false faces.
_EYES_AND_MOUTH = [0, 1, 3, 4]

#: If neither eyes nor mouth are found, the crop is moved down and up by this fraction of its edge: the cascade's box is
#: too high for some high foreheads. (If one of them is found already, moving the crop makes the result worse.)
_SLIPPED = 0.15


@dataclass(frozen=True)
class FaceSegmenter:
    """The segmentation network and its alignment.

    Args:
        probabilities: takes an aligned face, (S, S, 3) float32 RGB in [0, 1]; returns (11, h, w) probabilities of
            `HELEN_CLASSES`, at any resolution.
        template: the average face's five points, in fractions of the square, by which the network's training faces
            were aligned.
        size: edge S of the crop in pixels.
    """

    probabilities: Callable[[np.ndarray], np.ndarray]
    template: Mapping[str, tuple[float, float]]
    size: int


def refine(image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, rounds: int = 2) -> np.ndarray | None:
    """Move five points to the eyes, nose and mouth that the segmentation network finds.

    Each round crops the face by the current points, segments it and computes new points from the regions.

    Args:
        image: (H, W, 3) uint8 RGB photo.
        points: (5, 2) in photo pixels, in the order of `LANDMARKS`; accurate enough for a crop.
        segmentation: the network, its crop and its template.
        rounds: number of rounds.

    Returns:
        (5, 2) refined points, or None if the crop has neither eyes nor mouth, so that it is not a face.
    """
    target = np.array([segmentation.template[name] for name in LANDMARKS])
    points, in_crop = _clearest(image, points, segmentation, target)
    for rest in reversed(range(rounds)):
        if np.isnan(in_crop[_EYES_AND_MOUTH]).all():
            return None
        matrix = fit_similarity(points, target * segmentation.size)
        current = transform(matrix, points) / segmentation.size
        moved = np.where(np.isnan(in_crop), current, in_crop)
        move = float(np.sqrt(np.mean(np.sum((moved - target) ** 2, axis=1))))
        if move > _LARGEST_MOVE:
            logger.info("refinement stopped: the regions are %.2f of the crop away from the template", move)
            break
        points = transform(inverse(matrix), moved * segmentation.size)
        if rest:
            in_crop = _measure(image, points, segmentation, target)
    return points


def _measure(image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, target: np.ndarray) -> np.ndarray:
    """Crop the face by its points and return the (5, 2) points that the network finds, in fractions of the crop."""
    matrix = fit_similarity(points, target * segmentation.size)
    crop = warp(image, matrix, segmentation.size).astype(np.float32) / 255.0
    return read_points(segmentation.probabilities(crop), target)


def _clearest(
    image: np.ndarray, points: np.ndarray, segmentation: FaceSegmenter, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return points and those found in their crop; if it has neither eye nor mouth, try points moved by `_SLIPPED`."""
    in_crop = _measure(image, points, segmentation, target)
    if not np.isnan(in_crop[_EYES_AND_MOUTH]).all():
        return points, in_crop
    down = (points[3:].mean(axis=0) - points[:2].mean(axis=0)) / (target[3:, 1].mean() - target[:2, 1].mean())
    moved = [points + slipped * down for slipped in (_SLIPPED, -_SLIPPED)]
    crops = [(there, _measure(image, there, segmentation, target)) for there in moved]
    return max(crops, key=lambda crop: int((~np.isnan(crop[1][_EYES_AND_MOUTH, 0])).sum()))


def read_points(probabilities: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Compute the five points from class probabilities.

    An eye's point is the centroid of the region near the template's eye. Both eye classes count, so that networks that
    name sides from the person's view can be used. The mouth's corners are the ends of the lips and the inner mouth.

    Args:
        probabilities: (11, h, w), see `FaceSegmenter`.
        template: (5, 2) in fractions of the crop.

    Returns:
        (5, 2) in fractions of the crop; NaN for a point without a region.
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
    """Return a region's probabilities, set to 0 where they are at most 0.3 or not within `_REACH` of a place."""
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
    """Return the (2, 2) left and right end of the mouth."""
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
