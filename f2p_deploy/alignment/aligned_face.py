"""Photo to aligned face: the similarity transform onto the average face (section 3.6, "Face alignment")."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from f2p_deploy.alignment.landmarks import LandmarkFinder, Landmarks
from f2p_deploy.alignment.photo import Photo, open_photo
from f2p_deploy.alignment.sharpness import brightness_of, sharpness_of
from f2p_deploy.alignment.warp import fit_similarity, inside_fraction, transform, warp
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.system.errors import InputError, PhotoError

#: Pixels between the outer eye corners below which a face is refused, and below which a warning is given. At 24 an
#: iris is three pixels wide; at 60 the aligned face of 256 pixels is drawn at about the photo's own resolution.
SMALLEST_EYE_DISTANCE = 24.0
SMALL_EYE_DISTANCE = 55.0

#: Degrees of yaw beyond which a face is refused, and beyond which a warning is given. At 60 the far eye is hidden.
LARGEST_YAW = 60.0
LARGE_YAW = 30.0

#: R.m.s. distance of the five points from the template, in fractions of the square, that no face reaches: upright
#: and turned faces up to 60 degrees stay below 0.07.
LARGEST_RESIDUAL = 0.15

#: Part of the aligned square beyond the photo's edge from which a warning is given.
LARGE_OUTSIDE = 0.3

SeveralFaces = Literal["largest", "refuse"]

#: What a warning of a turned head ends with; not worth saying where it was one-shot.
ROBUST = ": one-shot is more robust to that than iterative"


@dataclass(frozen=True)
class AlignedFace:
    """A photo's face in the place of the average face.

    Args:
        image: (S, S, 3) uint8 RGB.
        matrix: (2, 3) similarity transform, photo pixels to aligned pixels (pixel centres at .5).
        landmarks: the face in the photo.
        faces: how many faces the photo has.
        face: which of them this is, 1 being the largest.
        residual: r.m.s. distance of the five points from the template after the fit, in fractions of S.
        sharpness: see `sharpness_of`; independent of S.
        brightness: mean luma of the face, in [0, 1].
        warnings: sentences about what may spoil the character.
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
    """Warp one face of a photo onto the average face.

    Args:
        photo: (H, W, 3) uint8 RGB, or what `open_photo` read; the two differ for landmarks in a very large file's
            pixels.
        finder: what finds the landmarks.
        template: the average face's five points by the names of `LANDMARKS`, in fractions of the square.
        size: edge S of the aligned face in pixels.
        face: which face, 1 being the largest; None leaves the choice to `several`.
        several: with several faces and no `face`, take the largest with a warning, or refuse.
        name: the photo's file name, for finders that look it up.

    Raises:
        PhotoError: `no-face`, `several-faces`, `too-small` or `turned`.
        InputError: there is no such face, the template is incomplete, or the landmarks are not a face's.
    """
    if several not in get_args(SeveralFaces):
        raise InputError(f"several must be one of {', '.join(get_args(SeveralFaces))}, found {several!r}")
    if set(template) != set(LANDMARKS):
        raise InputError(f"the template must hold {', '.join(LANDMARKS)}; found {', '.join(sorted(template))}")
    photo = photo if isinstance(photo, Photo) else Photo(photo)
    image = photo.pixels
    # Finders that never look anything up may do without the third argument.
    faces = finder.find(image, name) if photo.reduction == 1 else finder.find(image, name, photo.reduction)
    index, warnings = _choose(faces, face, several, image.shape[1])
    chosen = faces[index]
    warnings += _check(chosen, photo.reduction)

    target = np.array([template[point] for point in LANDMARKS], dtype=np.float64) * size
    matrix = fit_similarity(chosen.array, target)
    residual = float(np.sqrt(np.mean(np.sum((transform(matrix, chosen.array) - target) ** 2, axis=1)))) / size
    if residual > LARGEST_RESIDUAL:
        raise InputError(
            f"the landmarks ({chosen.source}) are not those of a face: after the fit they lie {residual:.0%} of the "
            f"picture from the average face's (limit {LARGEST_RESIDUAL:.0%}); are left and right exchanged?"
        )
    if 1.0 - inside_fraction(image, matrix, size) > LARGE_OUTSIDE:
        warnings += ("the face is close to the photo's edge or cut by it; what is missing was continued from the edge",)
    return AlignedFace(
        image=warp(image, matrix, size),
        matrix=matrix,
        landmarks=chosen,
        faces=len(faces),
        face=index + 1,
        residual=residual,
        sharpness=sharpness_of(image, matrix, target, size),
        brightness=brightness_of(image, matrix, target, size),
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
    """Read a photo and align it; every PhotoError begins with the file's name. See `open_photo` and `align`."""
    path = Path(path)
    photo = open_photo(path)
    try:
        return align(photo, finder, template, size, face=face, several=several, name=path.name)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{path.name}: {error}") from error


def _choose(
    faces: list[Landmarks], face: int | None, several: SeveralFaces, width: int
) -> tuple[int, tuple[str, ...]]:
    """Return the index of the face to take, and the warning where somebody might have meant another one."""
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
    return 0, (f"{len(faces)} faces were found ({places}); the largest was taken, --face 2 takes the next one",)


def _check(face: Landmarks, reduction: int) -> tuple[str, ...]:
    """Return the warnings about one face, or raise if nothing good can come of it."""
    distance, yaw = face.eye_distance or 0.0, abs(face.yaw or 0.0)
    if distance < SMALLEST_EYE_DISTANCE * math.cos(math.radians(min(yaw, LARGEST_YAW))):
        raise PhotoError(
            "too-small",
            f"the face is too small: {distance:.0f} pixels between the outer eye corners, "
            f"at least {SMALLEST_EYE_DISTANCE:.0f} are needed{_reduced(reduction)}",
        )
    if yaw > LARGEST_YAW:
        raise PhotoError(
            "turned", f"the head is turned too far ({yaw:.0f} degrees, limit {LARGEST_YAW:.0f}); take a frontal photo"
        )
    warnings: tuple[str, ...] = ()
    if distance < SMALL_EYE_DISTANCE * math.cos(math.radians(yaw)):
        warnings += (
            f"the face is small ({distance:.0f} pixels between the outer eye corners); "
            f"a closer photo gives a better character{_reduced(reduction)}",
        )
    if yaw > LARGE_YAW:
        warnings += (f"the head is turned by {yaw:.0f} degrees{ROBUST}",)
    return warnings


def _reduced(reduction: int) -> str:
    """Return what to add to a distance in pixels where those are not the file's."""
    return f" (the photo is read at 1/{reduction} of its size: crop it to the face)" if reduction > 1 else ""
