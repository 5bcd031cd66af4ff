"""The answers of an engine: its welcome, and its pictures, checked before they are used."""

import io
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS
from f2p_deploy.character.parameters import column_names
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Rendering
from f2p_deploy.engine.link.messages import PROTOCOL, LinkFault, Message
from f2p_deploy.system.errors import InputError

#: Bytes of a picture's body for each pixel (RGB and a label), and room for PNG, which may be larger than its pixels.
_BYTES_PER_PIXEL, _ROOM = 5, 1 << 16

#: Limits of the edge in pixels, whatever an engine says.
_SMALLEST, _LARGEST = 1, 8192

#: Length of an engine's own error message in ours.
_MOST_WORDS = 300


@dataclass(frozen=True)
class Welcome:
    """What an engine says about itself when it is connected.

    Args:
        engine: its name and version.
        smallest, largest: edge of its pictures in pixels.
        labels: every picture comes with a label map.
        landmarks: every picture comes with landmarks.
        scenes: it can vary pose, light and crop; else it draws the default scene only.
    """

    engine: str
    smallest: int
    largest: int
    labels: bool
    landmarks: bool
    scenes: bool

    @classmethod
    def from_message(cls, message: Message, schema: Schema, who: str) -> Self:
        """Read and check the answer to a hello.

        Raises:
            InputError: the engine refused, has another protocol version or other parameters.
            LinkFault: the answer is not a welcome.
        """
        header = message.header
        if message.kind == "error":
            raise InputError(f"{who} refused the link: {words_of_engine(header)}")
        if message.kind != "welcome":
            raise LinkFault(f"{who} answered a hello with {message.kind!r} instead of a welcome")
        if header.get("protocol") != PROTOCOL:
            raise InputError(
                f"{who} has version {header.get('protocol')!r} of the link, f2p-deploy has {PROTOCOL}: copy the "
                "engine's file again with 'f2p-deploy engine client'"
            )
        _check_parameters(header, schema, who)
        smallest, largest = header.get("smallest_size", 16), header.get("largest_size", 4096)
        if not _whole(smallest) or not _whole(largest) or not _SMALLEST <= smallest <= largest <= _LARGEST:
            raise InputError(f"{who} gives the sizes {smallest!r} to {largest!r}, not within {_SMALLEST} to {_LARGEST}")
        named = str(header.get("engine", "engine"))[:_MOST_WORDS]
        labels, landmarks = bool(header.get("labels", False)), bool(header.get("landmarks", False))
        return cls(named, smallest, largest, labels, landmarks, bool(header.get("scenes", False)))


def largest_answer(size: int) -> int:
    """Return the most bytes that the body of a picture may have."""
    return _BYTES_PER_PIXEL * size * size + _ROOM


def read_answer(message: Message, number: int, size: int, welcome: Welcome, who: str) -> Rendering:
    """Return the picture in the answer to a render.

    Args:
        message: the answer.
        number: the id of the render.
        size: edge of the picture in pixels that was asked for.
        welcome: says whether label map and landmarks must be there.
        who: the engine, for error messages.

    Raises:
        InputError: the engine says that it cannot draw this.
        LinkFault: anything but a sound picture of this size.
    """
    header, body = message.header, message.body
    if message.kind == "error" and header.get("id") == number:
        raise InputError(f"{who} cannot draw this character: {words_of_engine(header)}")
    if message.kind == "error":
        raise LinkFault(f"{who} gave up: {words_of_engine(header)}")
    if message.kind == "bye":
        raise LinkFault(f"{who} ended the link")
    if message.kind != "picture" or header.get("id") != number:
        raise LinkFault(f"{who} answered render {number} with {message.kind!r} {header.get('id')!r}")
    if header.get("size") != size:
        raise LinkFault(f"{who} sent a picture of {header.get('size')!r} pixels, asked for {size}")
    label_bytes = header.get("label_bytes", 0)
    if not _whole(label_bytes) or not 0 <= label_bytes < max(len(body), 1):
        raise LinkFault(f"{who} sent a picture of {len(body)} bytes with a label map of {label_bytes!r} bytes")
    cut = len(body) - label_bytes
    image = _pixels(body[:cut], str(header.get("format")), size, 3, who)
    labels = None
    if bool(label_bytes) != welcome.labels:
        raise LinkFault(f"{who} sent {'a' if label_bytes else 'no'} label map, unlike it said when it was connected")
    if label_bytes:
        labels = _pixels(body[cut:], str(header.get("label_format")), size, 1, who)
        if int(labels.max()) >= len(HELEN_CLASSES):
            raise LinkFault(f"{who} sent the label {int(labels.max())}; the highest is {len(HELEN_CLASSES) - 1}")
    return Rendering(image, labels, _landmarks(header.get("landmarks"), welcome, who))


def words_of_engine(header: dict[str, Any]) -> str:
    """Return the sentence of an error message on one line, shortened, without control characters."""
    text = " ".join(str(header.get("message", "it gives no reason")).split())
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= _MOST_WORDS else text[: _MOST_WORDS - 3] + "..."


def _check_parameters(header: dict[str, Any], schema: Schema, who: str) -> None:
    """Raise unless the engine has the schema's parameters, in order."""
    own, theirs = list(column_names(schema)), header.get("parameters")
    if not isinstance(theirs, list):
        raise InputError(f"{who} does not say which parameters it has")
    if theirs != own:
        if len(theirs) != len(own):
            raise InputError(f"{who} has {len(theirs)} parameters, schema {schema.name!r} has {len(own)}")
        i = next(i for i in range(len(own)) if theirs[i] != own[i])
        raise InputError(
            f"{who} has another schema: its parameter {i + 1} is {str(theirs[i])[:80]!r}, that of schema "
            f"{schema.name!r} is {own[i]!r}"
        )
    if header.get("fingerprint", schema.fingerprint) != schema.fingerprint:
        raise InputError(f"{who} was made for another version of schema {schema.name!r}: the fingerprints differ")


def _pixels(content: bytes, form: str, size: int, channels: int, who: str) -> np.ndarray:
    """Return (S, S, 3) or (S, S) uint8 pixels from raw bytes or PNG."""
    shape = (size, size, 3) if channels == 3 else (size, size)
    if form == ("rgb8" if channels == 3 else "l8"):
        if len(content) != size * size * channels:
            raise LinkFault(f"{who} sent {len(content)} bytes for {size} x {size} pixels of {channels} bytes")
        return np.frombuffer(content, np.uint8).reshape(shape)
    if form != "png":
        raise LinkFault(f"{who} sent a picture in the unknown format {form[:20]!r}")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.size != (size, size):
                raise LinkFault(f"{who} sent a PNG of {picture.size} pixels, asked for {size}")
            if picture.mode not in (("RGB", "RGBA") if channels == 3 else ("L", "P")):
                raise LinkFault(f"{who} sent a PNG of mode {picture.mode}")
            return np.array(picture.convert("RGB") if channels == 3 else picture)
    # Pillow passes on the errors of its decoders; here they all mean a damaged picture.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise LinkFault(f"{who} sent a PNG that is damaged") from None


def _landmarks(given: object, welcome: Welcome, who: str) -> dict[str, tuple[float, float]]:
    if not welcome.landmarks:
        return {}
    if not isinstance(given, dict) or set(given) != set(LANDMARKS):
        raise LinkFault(f"{who} should send the landmarks {', '.join(LANDMARKS)}")
    points = {}
    for name in LANDMARKS:
        point = given[name]
        sound = isinstance(point, list) and len(point) == 2
        if not sound or not all(isinstance(x, int | float) and np.isfinite(x) for x in point):
            raise LinkFault(f"{who} sent the landmark {name} as {str(point)[:60]}, not as two finite numbers")
        points[name] = (float(point[0]), float(point[1]))
    return points


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
