"""Landmarks from MediaPipe's FaceLandmarker: 478 points and the head's turn, the finder to be preferred."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment.both_ways import (
    CERTAIN,
    SAME_POINTS,
    CheckedFace,
    look_both_ways,
    mirror_looks,
)
from f2p_deploy.alignment.head_turn import head_turn
from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.alignment.searches import searches, shift
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face_shape import face_shape
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import require

logger = logging.getLogger(__name__)

#: Contours of the eyes among the 478 points (FaceLandmarksConnections' RIGHT_EYE and LEFT_EYE: MediaPipe names
#: sides from the person's view, we from the viewer's).
_LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_NOSE_TIP, _MOUTH_LEFT, _MOUTH_RIGHT = 4, 61, 291
_OUTER_CORNERS = (33, 263)

#: Degrees of roll up to which MediaPipe's points are as good as in an upright face.
_UPRIGHT = 30.0

#: Disagreement of the five points with the mirror image's, in distances of the eyes, above which an easy face is looked
#: at both ways.
_MIRRORED_POINTS = 0.03

#: The attempt up to which the whole photo is searched, the way it is and turned, where a face found is not certain.
_LAST_OF_WHOLE = 2


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
                output_face_blendshapes=True,
            )
            try:
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                raise InputError(f"MediaPipe cannot use {model}, damaged or of another version; {SAID}") from error
        self._release = weakref.finalize(self, _close, self._landmarker)
        self._most_faces = most_faces

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Find the faces of an (H, W, 3) uint8 RGB photo, largest first; see `LandmarkFinder`."""
        found: list[CheckedFace] = []
        for attempt, views in enumerate(searches(image)):
            for pixels, to_photo in views:
                found += self._second_looks(image, self._detect(pixels, to_photo), easy=attempt == 0)
            if found and (attempt >= _LAST_OF_WHOLE or all(look.disagreement < CERTAIN for look in found)):
                break
        return _largest_first(found, self._most_faces)

    def meshes(self, image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Look once at a picture that shows faces upright: a fifth of what `find` takes.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            Of each face, as MediaPipe orders them: its points in space, (478, 3) in pixels, x right, y down, z away,
            and its expression, (52,) coefficients in [0, 1].
        """
        import mediapipe

        height, width = image.shape[:2]
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        result = self._landmarker.detect(picture)
        return [
            (
                np.array([(point.x * width, point.y * height, point.z * width) for point in points]),
                np.array([unit.score for unit in units], np.float32),
            )
            for points, units in zip(result.face_landmarks, result.face_blendshapes, strict=True)
        ]

    def close(self) -> None:
        """Release MediaPipe's threads and memory."""
        self._release()

    def _second_looks(self, image: np.ndarray, faces: list[Landmarks], easy: bool) -> list[CheckedFace]:
        """Look again at faces that may be upside down, or none; return those that are faces.

        Args:
            image: the photo.
            faces: found in it, or in a part of it.
            easy: they were found in the photo as it is.
        """
        seen = mirror_looks(faces, image, shift(0, 0), self._detect) if easy and faces else []
        kept = []
        for i, face in enumerate(faces):
            upright = easy and abs(face.roll) < _UPRIGHT
            if upright and seen[i].disagreement < _MIRRORED_POINTS:
                kept.append(seen[i])
                continue
            looks = look_both_ways(image, face, self._detect)
            if upright and seen[i].disagreement < SAME_POINTS:
                looks.append(seen[i])
            if looks:
                kept.append(min(looks, key=lambda look: look.disagreement))
        return kept

    def _detect(self, pixels: np.ndarray, to_photo: np.ndarray) -> list[Landmarks]:
        return [
            _landmarks(transform(to_photo, mesh[:, :2]), *head_turn(mesh), face_shape(mesh, expression))
            for mesh, expression in self.meshes(pixels)
        ]


def _close(landmarker: Any) -> None:
    """Close MediaPipe's landmarker; at the end of the process, when its threads are gone, keep it from complaining."""
    try:
        landmarker.close()
    except RuntimeError:
        landmarker._handle = None


def five_of_dense(dense: np.ndarray) -> np.ndarray:
    """Return the five points, (5, 2) in the order of `LANDMARKS`, of MediaPipe's, (478, 2)."""
    eyes = [dense[list(contour)].mean(axis=0) for contour in (_LEFT_EYE, _RIGHT_EYE)]
    return np.array([*eyes, dense[_NOSE_TIP], dense[_MOUTH_LEFT], dense[_MOUTH_RIGHT]])


def _landmarks(dense: np.ndarray, yaw: float, pitch: float, shape: np.ndarray) -> Landmarks:
    """Build landmarks from MediaPipe's (478, 2) points, the head's turn in degrees and the face's shape."""
    left, top = dense.min(axis=0)
    right, bottom = dense.max(axis=0)
    return Landmarks(
        points=five_points(five_of_dense(dense)),
        source="mediapipe",
        box=(float(left), float(top), float(right), float(bottom)),
        eye_distance=float(np.hypot(*(dense[_OUTER_CORNERS[1]] - dense[_OUTER_CORNERS[0]]))),
        yaw=yaw,
        pitch=pitch,
        dense=dense,
        shape=shape,
    )


def _largest_first(looks: list[CheckedFace], most: int) -> list[Landmarks]:
    """Order faces by area; of those found twice keep the one that agrees best with its mirror image."""
    kept: list[Landmarks] = []
    for look in sorted(looks, key=lambda look: look.disagreement):
        if all(_overlap(look.face, other) < 0.3 for other in kept):
            kept.append(look.face)
    return sorted(kept, key=lambda face: face.area, reverse=True)[:most]


def _overlap(one: Landmarks, other: Landmarks) -> float:
    """Return the common area of two faces' boxes over the smaller one's."""
    a, b = np.array(one.box), np.array(other.box)
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(one.area, other.area)
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0


_loading = threading.Lock()


@contextlib.contextmanager
def _native_messages_logged() -> Iterator[None]:
    """Send what native code writes to the process's standard error to the log instead, while a model loads.

    Standard error belongs to the process: two threads at once would put one another's temporary file back in its place.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    with _loading, contextlib.ExitStack() as stack:
        try:
            standard_error = os.dup(2)
            stack.callback(os.close, standard_error)
            caught = stack.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield  # the process has no standard error, or the disk no room: nothing to send, or nowhere
            return
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                logger.debug("MediaPipe: %s", line)
