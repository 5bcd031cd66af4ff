"""Landmarks from MediaPipe's FaceLandmarker: 478 points and the head's turn, the finder to be preferred."""

import contextlib
import logging
import math
import os
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.alignment.warp import inverse, transform, warp
from f2p_deploy.causes import SAID
from f2p_deploy.dependencies import require
from f2p_deploy.errors import InputError, MissingDependency

logger = logging.getLogger(__name__)

#: Contours of the eyes among the 478 points (FaceLandmarksConnections' RIGHT_EYE and LEFT_EYE: MediaPipe names
#: sides from the person's view, we from the viewer's).
_LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_NOSE_TIP, _MOUTH_LEFT, _MOUTH_RIGHT = 4, 61, 291
_OUTER_CORNERS = (33, 263)

#: Tiles smaller than this are not searched: a face in them would be too small to be aligned.
_SMALLEST_TILE = 256
_MOST_TILES_ACROSS = 8

#: Edge in pixels of the square in which a face is detected a second time.
_CLOSE_UP = 384

#: Degrees of roll up to which MediaPipe's points are as good as in an upright face.
_UPRIGHT = 30.0

#: Two looks at a face agree up to this distance of the five points, in distances of the eyes. Faces seen in texture
#: look different every time.
_SAME_POINTS = 0.35

#: Pixels to look at, and the (2, 3) matrix from them to the photo.
View = tuple[np.ndarray, np.ndarray]


class MediaPipeFinder:
    """Finds faces with MediaPipe's FaceLandmarker.

    Its detector sees the whole photo shrunk to 128 pixels and expects an upright face with some room around it. So
    where it finds nothing, the photo is tried again with a margin, turned by quarters, and in overlapping tiles.

    Args:
        model: the task file, see `find_landmarker_model`.
        most_faces: how many faces of one photo are reported at most.

    Raises:
        MissingDependency: mediapipe is not installed.
        InputError: MediaPipe does not take the file.
    """

    def __init__(self, model: Path, most_faces: int = 5) -> None:
        require("faces", "the MediaPipe landmarker")
        with _native_messages_logged():
            try:
                from mediapipe.tasks.python import vision
                from mediapipe.tasks.python.core.base_options import BaseOptions
            except (ImportError, OSError) as error:  # its shared libraries ask for libGL and others of the system's
                raise MissingDependency(
                    f"mediapipe is installed, but a library that it needs is not; f2p-deploy doctor names it, or {SAID}"
                ) from error

            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
                num_faces=most_faces,
                output_facial_transformation_matrixes=True,
            )
            try:
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                raise InputError(f"MediaPipe cannot use {model}, damaged or of another version; {SAID}") from error
        self._release = weakref.finalize(self, _close, self._landmarker)
        self._most_faces = most_faces

    def find(self, image: np.ndarray, name: str | None = None) -> list[Landmarks]:
        """Find the faces of an (H, W, 3) uint8 RGB photo, largest first; see `LandmarkFinder`."""
        for attempt, views in enumerate(_searches(image)):
            faces = []
            for pixels, to_photo in views:
                for face in self._detect(pixels, to_photo):
                    easy = attempt == 0 and abs(face.roll) < _UPRIGHT
                    faces += [face] if easy else self._look_closer(image, face)
            if faces:
                return _largest_first(faces, self._most_faces)
        return []

    def close(self) -> None:
        """Release MediaPipe's threads and memory."""
        self._release()

    def _detect(self, pixels: np.ndarray, to_photo: np.ndarray) -> list[Landmarks]:
        import mediapipe

        height, width = pixels.shape[:2]
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
        result = self._landmarker.detect(picture)
        faces = []
        for points, pose in zip(result.face_landmarks, result.facial_transformation_matrixes, strict=True):
            dense = np.array([(point.x * width, point.y * height) for point in points], dtype=np.float64)
            faces.append(_landmarks(transform(to_photo, dense), np.asarray(pose)))
        return faces

    def _look_closer(self, image: np.ndarray, face: Landmarks) -> list[Landmarks]:
        """Detect a face again, upright and alone in a square: where it was rolled, cut by a tile's edge or no face."""
        left, top, right, bottom = face.box or (0.0, 0.0, 0.0, 0.0)
        scale = _CLOSE_UP / (2.5 * max(right - left, bottom - top))
        roll = math.radians(face.roll)
        turn = scale * np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
        centre = np.array([left + right, top + bottom]) / 2
        to_close_up = np.column_stack([turn, _CLOSE_UP / 2 - turn @ centre])
        again = self._detect(warp(image, to_close_up, _CLOSE_UP), inverse(to_close_up))
        return [other for other in again if _disagreement(face, other) < _SAME_POINTS][:1]


def _close(landmarker: Any) -> None:
    """Close MediaPipe's landmarker; at the end of the process, when its threads are gone, keep it from complaining."""
    try:
        landmarker.close()
    except RuntimeError:
        landmarker._handle = None


def _landmarks(dense: np.ndarray, pose: np.ndarray) -> Landmarks:
    """Build landmarks from (478, 2) points and MediaPipe's (4, 4) pose, rotation = roll @ yaw @ pitch, y up."""
    five = (
        dense[list(_LEFT_EYE)].mean(axis=0),
        dense[list(_RIGHT_EYE)].mean(axis=0),
        dense[_NOSE_TIP],
        dense[_MOUTH_LEFT],
        dense[_MOUTH_RIGHT],
    )
    left, top = dense.min(axis=0)
    right, bottom = dense.max(axis=0)
    return Landmarks(
        points=five_points(five),
        source="mediapipe",
        box=(float(left), float(top), float(right), float(bottom)),
        eye_distance=float(np.hypot(*(dense[_OUTER_CORNERS[1]] - dense[_OUTER_CORNERS[0]]))),
        yaw=math.degrees(math.asin(float(np.clip(-pose[2, 0], -1.0, 1.0)))),
        pitch=math.degrees(math.atan2(pose[2, 1], pose[2, 2])),
        dense=dense,
    )


def _largest_first(faces: list[Landmarks], most: int) -> list[Landmarks]:
    """Order faces by area and drop those found twice."""
    kept: list[Landmarks] = []
    for face in sorted(faces, key=lambda face: face.area, reverse=True):
        if all(_overlap(face, other) < 0.3 for other in kept):
            kept.append(face)
    return kept[:most]


def _overlap(one: Landmarks, other: Landmarks) -> float:
    """Return the common area of two faces' boxes over the smaller one's."""
    a, b = np.array(one.box), np.array(other.box)
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(one.area, other.area)
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0


def _disagreement(one: Landmarks, other: Landmarks) -> float:
    """Return the mean distance of two faces' five points, in distances of the eyes of the second."""
    distance = np.hypot(*(other.array[1] - other.array[0]))
    return float(np.hypot(*(one.array - other.array).T).mean() / max(distance, 1e-6))


def _searches(image: np.ndarray) -> Iterator[list[View]]:
    """Yield what to look at, cheapest first: the photo, the photo with a margin, its quarter turns, its tiles."""
    height, width = image.shape[:2]
    yield [(image, _shift(0, 0))]
    margin = max(height, width) // 3
    yield [(np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=127), _shift(-margin, -margin))]
    yield [
        (np.rot90(image, 1), np.array([[0.0, -1.0, width], [1.0, 0.0, 0.0]])),
        (np.rot90(image, 3), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height]])),
        (np.rot90(image, 2), np.array([[-1.0, 0.0, width], [0.0, -1.0, height]])),
    ]
    across = 2
    while across <= _MOST_TILES_ACROSS and max(height, width) / across >= _SMALLEST_TILE:
        yield _tiles(image, math.ceil(max(height, width) / across))
        across *= 2


def _tiles(image: np.ndarray, side: int) -> list[View]:
    """Cut an image into squares that overlap by half."""
    step = side // 2
    return [
        (image[top : top + side, left : left + side], _shift(left, top))
        for top in range(0, max(1, image.shape[0] - step), step)
        for left in range(0, max(1, image.shape[1] - step), step)
    ]


def _shift(x: int, y: int) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


@contextlib.contextmanager
def _native_messages_logged() -> Iterator[None]:
    """Send what native code writes to the process's standard error to the log instead, while a model loads."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        standard_error = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                logger.debug("MediaPipe: %s", line)
