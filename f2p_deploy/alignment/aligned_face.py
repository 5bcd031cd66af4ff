"""The aligned face of a photo: a similarity transform onto the average face (section 3.6, "Face alignment")."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from f2p_deploy.alignment.landmarks import LandmarkFinder, Landmarks
from f2p_deploy.alignment.photo import Photo, open_photo
from f2p_deploy.alignment.sharpness import sharpness_and_brightness
from f2p_deploy.alignment.warp import fit_similarity, inside_fraction, transform, warp
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.system.errors import InputError, PhotoError

#: Distance of the outer eye corners in pixels, below which a face is refused, and below which a warning is given. At
#: 24 pixels an iris is three pixels wide; at 60 an aligned face of 256 pixels has about the photo's resolution.
SMALLEST_EYE_DISTANCE = 24.0
SMALL_EYE_DISTANCE = 55.0

#: Yaw in degrees, above which a face is refused, and above which a warning is given. At 60 the far eye is hidden.
LARGEST_YAW = 60.0
LARGE_YAW = 30.0

#: Largest r.m.s. distance of the five points from the template, in fractions of the square. Upright faces and faces
#: turned by up to 60 degrees stay below 0.07.
LARGEST_RESIDUAL = 0.15

#: Share of the aligned square outside the photo, above which a warning is given.
LARGE_OUTSIDE = 0.3

SeveralFaces = Literal["largest", "refuse"]

#: End of the warning about several faces; what is not the command `run` removes it.
NEXT_FACE = ", --face 2 takes the next one"

#: End of the warning about a turned head; one-shot generation removes it.
ROBUST = ": one-shot is more robust to that than iterative"


@dataclass(frozen=True)
class AlignedFace:
    """A face of a photo, aligned with the average face.

    Args:
        image: (S, S, 3) uint8 RGB.
        matrix: (2, 3) similarity transform from photo pixels to aligned pixels (pixel centres at .5).
        landmarks: the face in the photo.
        faces: number of faces in the photo.
        face: number of this face; 1 is the largest.
        residual: r.m.s. distance of the five points from the template after the fit, in fractions of S.
        sharpness: see `sharpness_and_brightness`; independent of S.
        brightness: mean luma of the face, in [0, 1].
        warnings: sentences about problems that may spoil the character.
    """

    image: np.ndarray
    matrix: np.ndarray
    landmarks: Landmarks
    faces: int
    face: int
    residual: float
    sharpness: float
    brightness: float
    warnings: tuple[str, ...] = ()


def align(
    photo: np.ndarray | Photo,
    finder: LandmarkFinder,
    template: Mapping[str, tuple[float, float]],
    size: int,
    *,
    face: int | None = None,
    several: SeveralFaces = "largest",
    name: str | None = None,
) -> AlignedFace:
    """Align one face of a photo with the average face.

    Args:
        photo: (H, W, 3) uint8 RGB, or the result of `open_photo`. Pass the latter if the finder reads landmarks from a
            file: a very large photo is reduced, and its landmarks must be scaled.
        finder: finds the landmarks.
        template: the average face's five points by the names of `LANDMARKS`, in fractions of the square.
        size: edge S of the aligned face in pixels.
        face: number of the face to align, 1 being the largest; None leaves the choice to `several`.
        several: if the photo has several faces and `face` is None, take the largest with a warning, or refuse.
        name: the photo's file name, for finders that look it up.

    Raises:
        PhotoError: `no-face`, `several-faces`, `too-small` or `turned`.
        InputError: the photo has no face of that number, the template is incomplete, or the landmarks are not those of
            a face.

    Example:
        >>> photo = np.full((128, 128, 3), 128, np.uint8)
        >>> places = [(0.35, 0.4), (0.65, 0.4), (0.5, 0.6), (0.38, 0.75), (0.62, 0.75)]
        >>> template = dict(zip(LANDMARKS, places, strict=True))
        >>> points = {name: (128 * x, 128 * y) for name, (x, y) in template.items()}
        >>> class Finder:
        ...     def find(self, image, name=None, reduction=1):
        ...         return [Landmarks(points, source="example")]
        >>> aligned = align(photo, Finder(), template, size=64)
        >>> aligned.image.shape, aligned.faces, round(aligned.residual, 6)
        ((64, 64, 3), 1, 0.0)
    """
    if several not in get_args(SeveralFaces):
        raise InputError(f"several must be one of {', '.join(get_args(SeveralFaces))}, found {several!r}")
    if set(template) != set(LANDMARKS):
        raise InputError(f"the template must hold {', '.join(LANDMARKS)}; found {', '.join(sorted(template))}")
    photo = photo if isinstance(photo, Photo) else Photo(photo)
    image = photo.pixels
    # The third argument is passed only if needed, so that a simple finder may do without it.
    faces = finder.find(image, name) if photo.reduction == 1 else finder.find(image, name, photo.reduction)
    index, warnings = _choose(faces, face, several, image.shape[1])
    landmarks = faces[index]
    warnings += _check(landmarks, photo.reduction)

    target = np.array([template[point] for point in LANDMARKS], dtype=np.float64) * size
    matrix = fit_similarity(landmarks.array, target)
    residual = float(np.sqrt(np.mean(np.sum((transform(matrix, landmarks.array) - target) ** 2, axis=1)))) / size
    if residual > LARGEST_RESIDUAL:
        raise InputError(
            f"the landmarks ({landmarks.source}) are not those of a face: after the fit they are {residual:.0%} of the "
            f"picture away from the average face (limit {LARGEST_RESIDUAL:.0%}); are left and right exchanged?"
        )
    if 1.0 - inside_fraction(image, matrix, size) > LARGE_OUTSIDE:
        warnings += ("the face is close to the photo's edge or cut by it; the missing part repeats the pixels there",)
    aligned = warp(image, matrix, size)
    sharpness, brightness = sharpness_and_brightness(image, matrix, target, size, aligned)
    return AlignedFace(
        image=aligned,
        matrix=matrix,
        landmarks=landmarks,
        faces=len(faces),
        face=index + 1,
        residual=residual,
        sharpness=sharpness,
        brightness=brightness,
        warnings=warnings,
    )


def align_photo(
    path: str | Path,
    finder: LandmarkFinder,
    template: Mapping[str, tuple[float, float]],
    size: int,
    *,
    face: int | None = None,
    several: SeveralFaces = "largest",
) -> AlignedFace:
    """Read a photo and align one of its faces, see `open_photo` and `align`.

    Raises:
        PhotoError: as for the two functions; the message begins with the file's name.
        InputError: as for `align`.
    """
    path = Path(path)
    photo = open_photo(path)
    try:
        return align(photo, finder, template, size, face=face, several=several, name=path.name)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{path.name}: {error}") from error


def _choose(
    faces: list[Landmarks], face: int | None, several: SeveralFaces, width: int
) -> tuple[int, tuple[str, ...]]:
    """Return the index of the face to align, and a warning if there are others to choose from."""
    if not faces:
        raise PhotoError("no-face", "no face was found; take a photo of one face, from the front and evenly lit")
    if face is not None:
        if not 1 <= face <= len(faces):
            count = "1 face was" if len(faces) == 1 else f"{len(faces)} faces were"
            raise InputError(f"face {face} was asked for, but {count} found")
        return face - 1, ()
    if len(faces) == 1:
        return 0, ()
    middles = [float(np.mean(one.array[:, 0])) / width for one in faces]
    places = ", ".join(f"{i + 1} at {middle:.0%} of the width" for i, middle in enumerate(middles))
    if several == "refuse":
        raise PhotoError("several-faces", f"{len(faces)} faces were found ({places}); choose one, for example --face 1")
    return 0, (f"{len(faces)} faces were found ({places}); the largest was taken{NEXT_FACE}",)


def _check(face: Landmarks, reduction: int) -> tuple[str, ...]:
    """Return the warnings about one face; raise `PhotoError` if it is too small or turned too far."""
    distance, yaw = face.eye_distance or 0.0, abs(face.yaw or 0.0)
    if distance < SMALLEST_EYE_DISTANCE * math.cos(math.radians(min(yaw, LARGEST_YAW))):
        raise PhotoError(
            "too-small",
            f"the face is too small: {math.floor(distance)} pixels between the outer eye corners, "
            f"at least {SMALLEST_EYE_DISTANCE:.0f} are needed{_reduced(reduction)}",
        )
    if yaw > LARGEST_YAW:
        raise PhotoError(
            "turned", f"the head is turned too far ({yaw:.0f} degrees, limit {LARGEST_YAW:.0f}); take a frontal photo"
        )
    warnings: tuple[str, ...] = ()
    if distance < SMALL_EYE_DISTANCE * math.cos(math.radians(yaw)):
        warnings += (
            f"the face is small ({math.floor(distance)} pixels between the outer eye corners); "
            f"a closer photo gives a better character{_reduced(reduction)}",
        )
    if yaw > LARGE_YAW:
        warnings += (f"the head is turned by {yaw:.0f} degrees{ROBUST}",)
    return warnings


def _reduced(reduction: int) -> str:
    """Return the remark that pixels are those of a reduced photo, or an empty string if it was not reduced."""
    return f" (the photo is read at 1/{reduction} of its size: crop it to the face)" if reduction > 1 else ""
