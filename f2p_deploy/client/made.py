"""What the service answers, typed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class ReadOption:
    """Where a part of a character comes from.

    Args:
        origin: `photo`, `default` or `kept`.
        option: the chosen option; empty for a controller.
        confidence: its probability, in [0, 1]; None if it was not read from the photo.
        next: the most probable other option.
        next_confidence: its probability.
    """

    origin: str
    option: str = ""
    confidence: float | None = None
    next: str = ""
    next_confidence: float | None = None


@dataclass(frozen=True)
class FaceQuality:
    """The quality of the aligned face.

    Args:
        faces: faces in the photo; the largest is taken.
        sharpness: 0 for a flat picture; sharp portraits have 64 and more.
        brightness: mean luma, in [0, 1].
        eye_distance: pixels of the photo between the outer eye corners; None if it was not measured.
        yaw, pitch: degrees; None if they were not measured.
        residual: distance of the five points from the average face, in fractions of its edge.
        finder: the name of the finder of faces.
    """

    faces: int
    sharpness: float
    brightness: float
    eye_distance: float | None
    yaw: float | None
    pitch: float | None
    residual: float
    finder: str


@dataclass(frozen=True)
class MadeByService:
    """A character that the service made from a photo.

    Args:
        id: of the request; the service's log has it, too.
        mode: the mode of generation.
        mode_reason: the reason for it, as the end of a sentence.
        parameters: the content of a `parameters.json`.
        engine_units: every controller in the units of the game's editor.
        read: each discrete group, and the controllers that were not read.
        losses: before the first iteration and after the last; None for one-shot.
        face: the quality of the aligned face.
        warnings: sentences about what may spoil the character.
        picture: a PNG file; None if it was not asked for.
        seconds: of each stage.
    """

    id: str
    mode: str
    mode_reason: str
    parameters: Mapping[str, Any]
    engine_units: Mapping[str, float]
    read: Mapping[str, ReadOption]
    losses: tuple[float, float] | None
    face: FaceQuality
    warnings: tuple[str, ...]
    picture: bytes | None
    seconds: Mapping[str, float]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "MadeByService":
        """Build it from an answer's JSON."""
        read = {
            name: ReadOption(**_known(ReadOption, {"origin": part["from"], **part}))
            for name, part in data["read"].items()
        }
        picture, losses = data["picture"], data["losses"]
        return cls(
            **{name: data[name] for name in ("id", "mode", "mode_reason", "parameters", "engine_units", "seconds")},
            read=read,
            losses=None if losses is None else (losses[0], losses[1]),
            face=FaceQuality(**_known(FaceQuality, data["face"])),
            warnings=tuple(data["warnings"]),
            picture=None if picture is None else base64.b64decode(picture),
        )


@dataclass(frozen=True)
class ServedFacts:
    """What a service serves.

    Args:
        bundle, fingerprint: of the bundle.
        modes: that can be asked for.
        draws: whether it can draw characters.
        image_size: edge of pictures in pixels.
        computed_by: the runtime's library and device.
        schema: controllers and discrete groups of the characters.
    """

    bundle: str
    fingerprint: str
    modes: tuple[str, ...]
    draws: bool
    image_size: int
    computed_by: str
    schema: Mapping[str, Any]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ServedFacts":
        """Build it from an answer's JSON."""
        return cls(**{**_known(cls, data), "modes": tuple(data["modes"])})


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a class has fields for: a newer service may say more."""
    return {field.name: data[field.name] for field in fields(kind) if field.name in data}
