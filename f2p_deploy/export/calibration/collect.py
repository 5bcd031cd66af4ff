"""Make a calibration set from photos: align them, reject unsuitable ones, remove duplicates and balance the rest."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, align_photo
from f2p_deploy.export.calibration.calibration_set import (
    FEWEST,
    FILE,
    KIND,
    RECOMMENDED,
    CalibrationFace,
    CalibrationSet,
    Rejection,
    face_file,
    read_calibration_set,
    sha256_of_pixels,
    store_calibration_set,
)
from f2p_deploy.export.calibration.selection import Candidate, balanced, duplicates
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.system.files import require_place, sha256_of
from f2p_deploy.system.progress import Progress, silent

#: Smallest and largest mean luma, and smallest sharpness, of a face that is used for calibration.
DARKEST, BRIGHTEST, BLURREST = 0.10, 0.92, 20.0


def collect(
    photos: Sequence[Path],
    bundle: Bundle,
    finder: LandmarkFinder,
    folder: Path,
    command: str,
    count: int = RECOMMENDED,
    progress: Progress = silent,
) -> CalibrationSet:
    """Write a calibration set of photos.

    Args:
        photos: image files; the order makes no difference.
        bundle: determines the size and the template of aligned faces.
        finder: finds landmarks.
        folder: the set's folder; another set there is replaced.
        command: the command line that makes this set, to be stored in it.
        count: the largest number of faces; of more, a balanced selection is taken.
        progress: called for every photo.

    Raises:
        InputError: fewer than `FEWEST` faces are left or asked for, or the folder cannot be written or holds something
            else. No files are left then.
    """
    if count < FEWEST:
        raise InputError(f"a calibration set needs at least {FEWEST} faces, asked for {count}")
    require_place(folder, FILE, KIND)
    aligned, rejected = _align(photos, bundle, finder, progress)
    twice = duplicates([candidate for _, candidate in aligned])
    for position, stays in twice.items():
        message = f"the same picture as {aligned[stays][0].name}"
        rejected.append(Rejection(str(aligned[position][0]), "duplicate", message))
    single = [pair for position, pair in enumerate(aligned) if position not in twice]
    if len(single) < FEWEST:
        raise InputError(_too_few(len(photos), len(single), rejected))
    chosen = balanced([candidate for _, candidate in single], count)
    rejected += [
        Rejection(str(photo), "surplus", f"a balanced selection of {count} faces does not need it")
        for position, (photo, _) in enumerate(single)
        if position not in chosen
    ]
    calibration = CalibrationSet(
        folder=folder,
        bundle=bundle.name,
        bundle_fingerprint=bundle.fingerprint,
        image_size=bundle.settings.architecture.image_size,
        faces=tuple(_face(*single[position]) for position in chosen),
        rejected=tuple(sorted(rejected, key=lambda rejection: (rejection.reason, rejection.photo))),
        command=command,
    )
    store_calibration_set(calibration, {candidate.key: candidate.pixels for _, candidate in single})
    return read_calibration_set(folder)


def _align(
    photos: Sequence[Path], bundle: Bundle, finder: LandmarkFinder, progress: Progress
) -> tuple[list[tuple[Path, Candidate]], list[Rejection]]:
    """Align every photo; return those with a usable face, and the others with the reason for their rejection."""
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    aligned: list[tuple[Path, Candidate]] = []
    rejected: list[Rejection] = []
    for number, photo in enumerate(photos):
        progress(photo.name, number, len(photos))
        try:
            face = align_photo(photo, finder, template, size)
        except PhotoError as error:
            rejected.append(Rejection(str(photo.absolute()), error.reason, str(error)))
            continue
        except InputError as error:
            rejected.append(Rejection(str(photo.absolute()), "no-face", str(error)))
            continue
        reason, words = _unfit(face)
        if reason:
            rejected.append(Rejection(str(photo.absolute()), reason, f"{photo.name}: {words}"))
            continue
        pixels = np.ascontiguousarray(face.image)
        candidate = Candidate(sha256_of_pixels(pixels), pixels, face.landmarks.yaw, face.brightness)
        aligned.append((photo.absolute(), candidate))
    return aligned, rejected


def _unfit(face: AlignedFace) -> tuple[str, str]:
    """Return why a face is too dark, too bright or blurred, as a keyword and a sentence; empty if it is usable."""
    if face.brightness < DARKEST:
        return "too-dark", f"the face's mean brightness is {face.brightness:.2f}, at least {DARKEST} is needed"
    if face.brightness > BRIGHTEST:
        return "too-bright", f"the face's mean brightness is {face.brightness:.2f}, at most {BRIGHTEST} is allowed"
    if face.sharpness < BLURREST:
        return "blurred", f"the face's sharpness is {face.sharpness:.0f}, at least {BLURREST:.0f} is needed"
    return "", ""


def _face(photo: Path, candidate: Candidate) -> CalibrationFace:
    return CalibrationFace(
        file=face_file(candidate.key),
        sha256=candidate.key,
        photo=str(photo),
        photo_sha256=sha256_of(photo),
        yaw=None if candidate.yaw is None else round(float(candidate.yaw), 2),
        brightness=round(float(candidate.brightness), 4),
    )


def _too_few(photos: int, faces: int, rejected: Sequence[Rejection]) -> str:
    counts = Counter(rejection.reason for rejection in rejected)
    why = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    return (
        f"a calibration set needs at least {FEWEST} faces, {faces} were found in {photos} photos"
        f"{f' (left out: {why})' if why else ''}: name more photos"
    )
