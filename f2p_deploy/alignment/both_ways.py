"""Which way up a face is: a landmarker lays upright meshes on upside-down faces, too, and takes the hair for the chin.

Nothing in such a mesh gives it away, but the landmarker does not lay it twice in the same way: its points in the photo
and in the photo's mirror image disagree by more than those of a face that is there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from f2p_deploy.alignment.landmarks import Landmarks
from f2p_deploy.alignment.warp import inverse, transform, warp

#: Finds faces in pixels, given the (2, 3) matrix from them to the photo; the landmarks are the photo's.
Detect = Callable[[np.ndarray, np.ndarray], list[Landmarks]]

#: The five points of a mirror image in the order of `LANDMARKS`, in which left is left in the picture.
EXCHANGED = [1, 0, 2, 4, 3]

#: Edge in pixels of the square in which a face is looked at again.
_CLOSE_UP = 384

#: Two looks at a face agree up to this distance of the five points, in distances of the eyes. Faces seen in texture
#: look different every time.
SAME_POINTS = 0.35

#: Disagreement with the mirror image, in distances of the eyes, below which a face is believed without another look: of
#: 201 upright faces in portraits, small portraits and paintings 198 lie below.
CERTAIN = 0.09


def disagreement(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean distance of two faces' five points, (5, 2) each, in distances of the eyes of the second."""
    distance = np.hypot(*(other[1] - other[0]))
    return float(np.hypot(*(one - other).T).mean() / max(distance, 1e-6))


@dataclass(frozen=True)
class CheckedFace:
    """A face and how far it is to be believed.

    Args:
        face: what was seen.
        disagreement: of its points with those of the mirror image, in distances of the eyes.
    """

    face: Landmarks
    disagreement: float


def mirror_looks(faces: list[Landmarks], pixels: np.ndarray, to_photo: np.ndarray, detect: Detect) -> list[CheckedFace]:
    """Compare faces with the nearest that are found in the mirror image; the disagreement is infinite without one.

    A face's shape becomes the mean of both, so that it is the same for a mirrored photo.

    Args:
        faces: found in `pixels`.
        pixels: (H, W, 3) uint8.
        to_photo: (2, 3) from pixels to the photo.
        detect: what found them.
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
    """Detect a face again, alone in a square, the way up that it was found and the other one.

    Args:
        image: (H, W, 3) uint8 RGB photo.
        face: found in it, perhaps upside down, perhaps where none is.
        detect: finds faces.

    Returns:
        What was seen whose points agree with those of its mirror image; the look that agrees best is right.
    """
    looks: list[CheckedFace] = []
    for turned in (False, True):
        pixels, to_photo = _close_up(image, face, turned)
        found = [other for other in detect(pixels, to_photo) if _near(face, other)]
        for look in mirror_looks(found, pixels, to_photo, detect) if found else ():
            same = disagreement(face.array, look.face.array) < SAME_POINTS
            if look.disagreement < (SAME_POINTS if same else CERTAIN):
                looks.append(look)
    return looks


def _close_up(image: np.ndarray, face: Landmarks, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a face alone in a square, upright as it was found or turned by half, and the matrix to the photo."""
    left, top, right, bottom = face.box or (0.0, 0.0, 0.0, 0.0)
    scale = _CLOSE_UP / (2.5 * max(right - left, bottom - top))
    angle = math.radians(face.roll) + (math.pi if turned else 0.0)
    turn = scale * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centre = np.array([left + right, top + bottom]) / 2
    to_close_up = np.column_stack([turn, _CLOSE_UP / 2 - turn @ centre])
    return warp(image, to_close_up, _CLOSE_UP), inverse(to_close_up)


def _near(face: Landmarks, other: Landmarks) -> bool:
    """Tell whether the middle of another face lies in a face's box."""
    left, top, right, bottom = face.box or (0.0, 0.0, 0.0, 0.0)
    x, y = other.array.mean(axis=0)
    return bool(left <= x <= right and top <= y <= bottom)
