"""The preferred landmark finder, MediaPipe's FaceLandmarker: 478 points, head rotation and face shape."""

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

#: Contours of the eyes among the 478 points (RIGHT_EYE and LEFT_EYE of FaceLandmarksConnections: MediaPipe names sides
#: from the person's view, this package from the viewer's).
_LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_NOSE_TIP, _MOUTH_LEFT, _MOUTH_RIGHT = 4, 61, 291
_OUTER_CORNERS = (33, 263)

#: Largest roll in degrees at which MediaPipe's points are as accurate as in an upright face.
_UPRIGHT = 30.0

#: Disagreement with the mirror image (see `disagreement`), above which a face that was found at the first attempt is
#: detected again in close-ups.
_MIRRORED_POINTS = 0.03

#: The last attempt that searches the whole photo (plain, with a margin, turned). If a face is not certain, the search
#: goes on until this attempt.
_LAST_OF_WHOLE = 2


class MediaPipeFinder:
    """A finder that uses MediaPipe's FaceLandmarker.

    MediaPipe's detector shrinks the whole photo to 128 pixels and expects an upright face with some room around it. If
    it finds nothing, the photo is searched again with a margin, in quarter turns, and in overlapping tiles.

    Args:
        model: the task file, see `find_landmarker_model`.
        most_faces: largest number of faces returned for one photo.

    Raises:
        MissingDependency: mediapipe, or a library that it needs, is not installed.
        InputError: MediaPipe cannot load the file.
    """

    def __init__(self, model: Path, most_faces: int = 5) -> None:
        require("faces", "the MediaPipe landmarker")
        with _native_messages_logged():
            try:
                from mediapipe.tasks.python import vision
                from mediapipe.tasks.python.core.base_options import BaseOptions
            except (ImportError, OSError) as error:  # its shared libraries need system libraries such as libGL
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
        looks: list[CheckedFace] = []
        for attempt, views in enumerate(searches(image)):
            for pixels, to_photo in views:
                looks += self._second_looks(image, self._detect(pixels, to_photo), easy=attempt == 0)
            if looks and (attempt >= _LAST_OF_WHOLE or all(look.disagreement < CERTAIN for look in looks)):
                break
        return _largest_first(looks, self._most_faces)

    def meshes(self, image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Detect the upright faces of a picture in one pass; this takes a fifth of the time of `find`.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            For each face, in MediaPipe's order: its (478, 3) points in pixels, x right, y down, z away, and its (52,)
            float32 expression coefficients in [0, 1].
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
        """Detect again the faces that may be upside down or false; return the real ones.

        Args:
            image: the photo.
            faces: the faces detected in the photo, or in a part of it.
            easy: True if they were detected in the unchanged photo.
        """
        in_mirror = mirror_looks(faces, image, shift(0, 0), self._detect) if easy and faces else []
        checked = []
        for i, face in enumerate(faces):
            upright = easy and abs(face.roll) < _UPRIGHT
            if upright and in_mirror[i].disagreement < _MIRRORED_POINTS:
                checked.append(in_mirror[i])
                continue
            looks = look_both_ways(image, face, self._detect)
            if upright and in_mirror[i].disagreement < SAME_POINTS:
                looks.append(in_mirror[i])
            if looks:
                checked.append(min(looks, key=lambda look: look.disagreement))
        return checked

    def _detect(self, pixels: np.ndarray, to_photo: np.ndarray) -> list[Landmarks]:
        return [
            _landmarks(transform(to_photo, mesh[:, :2]), *head_turn(mesh), face_shape(mesh, expression))
            for mesh, expression in self.meshes(pixels)
        ]


def _close(landmarker: Any) -> None:
    """Close MediaPipe's landmarker, without an error at the end of the process, when its threads have ended."""
    try:
        landmarker.close()
    except RuntimeError:
        landmarker._handle = None


def five_of_dense(dense: np.ndarray) -> np.ndarray:
    """Return the (5, 2) points in the order of `LANDMARKS`, computed from MediaPipe's (478, 2) points."""
    eyes = [dense[list(contour)].mean(axis=0) for contour in (_LEFT_EYE, _RIGHT_EYE)]
    return np.array([*eyes, dense[_NOSE_TIP], dense[_MOUTH_LEFT], dense[_MOUTH_RIGHT]])


def _landmarks(dense: np.ndarray, yaw: float, pitch: float, shape: np.ndarray) -> Landmarks:
    """Build landmarks from MediaPipe's (478, 2) points, yaw and pitch in degrees, and the (24,) shape vector."""
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
    """Return the faces, largest first; of duplicates, the one that agrees best with its mirror image."""
    faces: list[Landmarks] = []
    for look in sorted(looks, key=lambda look: look.disagreement):
        if all(_overlap(look.face, other) < 0.3 for other in faces):
            faces.append(look.face)
    return sorted(faces, key=lambda face: face.area, reverse=True)[:most]


def _overlap(one: Landmarks, other: Landmarks) -> float:
    """Return the common area of two faces' boxes / the area of the smaller box."""
    a, b = np.array(one.box), np.array(other.box)
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(one.area, other.area)
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0


_loading = threading.Lock()


@contextlib.contextmanager
def _native_messages_logged() -> Iterator[None]:
    """Redirect native code's output on standard error to the log while a model loads.

    Standard error is shared by all threads, so a lock lets only one of them redirect and restore it at a time.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    with _loading, contextlib.ExitStack() as stack:
        try:
            standard_error = os.dup(2)
            stack.callback(os.close, standard_error)
            caught = stack.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield  # the process has no standard error, or there is no space for a temporary file
            return
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                logger.debug("MediaPipe: %s", line)
