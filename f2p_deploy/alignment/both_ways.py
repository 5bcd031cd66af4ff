"""Detect upside-down faces and false faces by comparing a detection with that in the mirror image.

A landmarker also places upright meshes on upside-down faces and takes the hair for the chin. Such a mesh looks normal,
but it is not stable: its points in the photo and in the photo's mirror image disagree more than those of a real face.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from f2p_deploy.alignment.landmarks import Landmarks
from f2p_deploy.alignment.warp import inverse, transform, warp

#: A detector: takes pixels and the (2, 3) matrix from them to the photo; returns landmarks in pixels of the photo.
Detect = Callable[[np.ndarray, np.ndarray], list[Landmarks]]

#: Indices that put the five points of a mirror image into the order of `LANDMARKS` (left is left in the picture).
EXCHANGED = [1, 0, 2, 4, 3]

#: Edge in pixels of the square in which a face is detected a second time.
_CLOSE_UP = 384

#: Largest disagreement of two detections of the same face: the mean distance of the five points / the distance of the
#: eyes. False faces in texture differ from one detection to the next.
SAME_POINTS = 0.35

#: Disagreement with the mirror image, in the same unit, below which a face is accepted without a second detection. Of
#: 201 upright faces in portraits, small portraits and paintings, 198 are below it.
CERTAIN = 0.09


def disagreement(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean distance of two faces' five points, (5, 2) each, / the distance of the second face's eyes."""
    distance = np.hypot(*(other[1] - other[0]))
    return float(np.hypot(*(one - other).T).mean() / max(distance, 1e-6))


@dataclass(frozen=True)
class CheckedFace:
    """A detected face and the disagreement that measures its reliability.

    Args:
        face: the detected face.
        disagreement: `disagreement` of its points with those in the mirror image.
    """

    face: Landmarks
    disagreement: float


def mirror_looks(faces: list[Landmarks], pixels: np.ndarray, to_photo: np.ndarray, detect: Detect) -> list[CheckedFace]:
    """Compare each face with the nearest one in the mirror image; without one, its disagreement is infinite.

    A face's shape is replaced by the mean of both, so that it is the same for a mirrored photo.

    Args:
        faces: the faces detected in `pixels`.
        pixels: (H, W, 3) uint8.
        to_photo: (2, 3) matrix from `pixels` to the photo.
        detect: the detector of the faces.
    """
    flip = np.array([[-1.0, 0.0, pixels.shape[1]], [0.0, 1.0, 0.0]])
    linear = to_photo[:, :2] @ flip[:, :2]
    mirrored = detect(pixels[:, ::-1], np.column_stack([linear, transform(to_photo, flip[None, :, 2])[0]]))
    looks = []
    for face in faces:
        apart = [disagreement(other.array[EXCHANGED], face.array) for other in mirrored]
        nearest = min(range(len(apart)), key=apart.__getitem__, default=None)
        if nearest is None:
            looks.append(CheckedFace(face, math.inf))
            continue
        other = mirrored[nearest].shape
        if face.shape is not None and other is not None and apart[nearest] < SAME_POINTS:
            face = replace(face, shape=0.5 * (face.shape + other))
        looks.append(CheckedFace(face, apart[nearest]))
    return looks


def look_both_ways(image: np.ndarray, face: Landmarks, detect: Detect) -> list[CheckedFace]:
    """Detect a face again in a close-up, once as it was detected and once turned by 180 degrees.

    Args:
        image: (H, W, 3) uint8 RGB photo.
        face: a detected face; it may be upside down or false.
        detect: the detector.

    Returns:
        The detections that agree with their mirror image; the one with the smallest disagreement is right.
    """
    looks: list[CheckedFace] = []
    for turned in (False, True):
        pixels, to_photo = _close_up(image, face, turned)
        faces = [other for other in detect(pixels, to_photo) if _near(face, other)]
        for look in mirror_looks(faces, pixels, to_photo, detect) if faces else ():
            same = disagreement(face.array, look.face.array) < SAME_POINTS
            if look.disagreement < (SAME_POINTS if same else CERTAIN):
                looks.append(look)
    return looks


def _close_up(image: np.ndarray, face: Landmarks, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a close-up of a face, upright or turned by 180 degrees, and the matrix from it to the photo."""
    left, top, right, bottom = face.box or (0.0, 0.0, 0.0, 0.0)
    scale = _CLOSE_UP / (2.5 * max(right - left, bottom - top))
    angle = math.radians(face.roll) + (math.pi if turned else 0.0)
    turn = scale * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centre = np.array([left + right, top + bottom]) / 2
    to_close_up = np.column_stack([turn, _CLOSE_UP / 2 - turn @ centre])
    return warp(image, to_close_up, _CLOSE_UP), inverse(to_close_up)


def _near(face: Landmarks, other: Landmarks) -> bool:
    """Return True if the middle of another face is in a face's box."""
    left, top, right, bottom = face.box or (0.0, 0.0, 0.0, 0.0)
    x, y = other.array.mean(axis=0)
    return bool(left <= x <= right and top <= y <= bottom)
