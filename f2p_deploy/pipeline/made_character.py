"""A photo's bytes to an aligned face, and a made character as plain data, for services and bulk jobs."""

from typing import Any

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, Photo, align, decode_photo
from f2p_deploy.alignment.aligned_face import NEXT_FACE, ROBUST
from f2p_deploy.alignment.photo import MOST_PIXELS
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.model.result import Generation
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError, PhotoError

#: Decimals of the measurements of a face.
DECIMALS = 4


def align_content(
    content: bytes,
    name: str,
    finder: LandmarkFinder,
    settings: BundleSettings,
    most_pixels: int = MOST_PIXELS,
    sent: bool = False,
) -> AlignedFace:
    """Find and align the largest face of a photo that is in memory; nothing is written to the disk.

    Args:
        content: the photo's file.
        name: its name, with which every error begins.
        finder: finds landmarks.
        settings: of the bundle; they give the size and the average face.
        most_pixels: a photo with more is refused before it is decoded.
        sent: somebody else sent it: only formats that are decoded in bounded time are read, see `sent_photo`.

    Raises:
        PhotoError: an unreadable photo, one with too many pixels, or one without a usable face.
        InputError: the finder cannot be used for it.
    """
    return align_named(decode_photo(content, name, most_pixels, sent), name, finder, settings)


def align_named(
    photo: Photo, name: str, finder: LandmarkFinder, settings: BundleSettings, face: int | None = None
) -> AlignedFace:
    """Align a face of a decoded photo as `align_content` does; `face` is its number, None the largest."""
    size, template = settings.architecture.image_size, settings.alignment.landmarks
    try:
        return align(photo, finder, template, size, face=face, name=name)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{name}: {error}") from error
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def face_facts(aligned: AlignedFace) -> dict[str, Any]:
    """Return the quality of an aligned face as plain data.

    Returns:
        `faces`, how many the photo shows; `sharpness`, `brightness` and `residual` of `AlignedFace`; `eye_distance` in
        pixels of the photo between the outer eye corners, and `yaw` and `pitch` in degrees, each None if the finder
        does not measure it; `finder`, its name.
    """
    face = aligned.landmarks
    return {
        "faces": aligned.faces,
        "sharpness": round(float(aligned.sharpness), DECIMALS),
        "brightness": round(float(aligned.brightness), DECIMALS),
        "eye_distance": _rounded(face.eye_distance),
        "yaw": _rounded(face.yaw),
        "pitch": _rounded(face.pitch),
        "residual": round(float(aligned.residual), DECIMALS),
        "finder": face.source,
    }


def character_facts(generation: Generation, aligned: AlignedFace, reason: str) -> dict[str, Any]:
    """Return a character and how it was made as plain data.

    Args:
        generation: the character.
        aligned: the face that it was made from.
        reason: why it was made in this mode, see `choose_mode`.

    Returns:
        `mode` and `mode_reason`; `parameters`, the content of a parameters.json; `engine_units`, every controller in
        the engine's units; `read`, the reading of each discrete group with its confidence, see `ReadPart.to_dict`;
        `losses` before the first iteration and after the last, None for one-shot; `face`, see `face_facts`; `warnings`,
        sentences.
    """
    parameters, losses = generation.parameters, generation.losses
    warnings = tuple(warning.removesuffix(NEXT_FACE) for warning in aligned.warnings)
    if generation.mode == "one-shot":
        warnings = tuple(warning.removesuffix(ROBUST) for warning in warnings)
    return {
        "mode": generation.mode,
        "mode_reason": reason,
        "parameters": to_json(parameters),
        "engine_units": parameters.in_engine_units(),
        "read": {name: part.to_dict() for name, part in generation.read.items()},
        "losses": [float(losses[0]), float(losses[-1])] if losses else None,
        "face": face_facts(aligned),
        "warnings": list(warnings),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)
