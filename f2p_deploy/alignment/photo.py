"""Read a photo in any common format as upright 8-bit RGB, or raise an error that names the problem."""

import contextlib
import logging
import math
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from f2p_deploy.alignment.colour import deep_to_grey, is_deep, to_srgb
from f2p_deploy.alignment.deep_colour import is_deep_colour, round_deep_colour
from f2p_deploy.alignment.heif import open_picture
from f2p_deploy.alignment.sent_photo import SENT_FORMATS, check_sent
from f2p_deploy.system.errors import PhotoError

logger = logging.getLogger(__name__)

#: Smallest edge of a photo in pixels; in a smaller photo no face is large enough to be aligned.
SMALLEST_EDGE = 64

#: Largest number of pixels of a picture that is read, and of one that is read in full size. Between them the picture is
#: reduced: every square of pixels becomes one. Phones have up to 200 million pixels.
MOST_PIXELS = 256_000_000
MOST_KEPT_PIXELS = 64_000_000

#: Rows of a large picture that are converted at a time, which avoids copies of the whole picture.
_STRIP = 128

#: Exceptions that Pillow raises for damaged files.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,  # of AVIF files
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Photo:
    """The pixels of a photo.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        reduction: edge in pixels of the file's squares that became one pixel each; 1 for all but very large photos.
    """

    pixels: np.ndarray
    reduction: int = 1


def read_photo(path: str | Path) -> np.ndarray:
    """Read a photo and return its pixels, (H, W, 3) uint8 RGB; see `open_photo`."""
    return open_photo(path).pixels


def open_photo(path: str | Path) -> Photo:
    """Read a photo as upright sRGB.

    The EXIF orientation and an embedded colour profile are applied. Transparency becomes white; greyscale, palette,
    CMYK and Lab become RGB; 16-bit values are rounded; an animation becomes its first frame. A photo of more than
    `MOST_KEPT_PIXELS` is reduced.

    Args:
        path: a file in any format that Pillow reads.

    Raises:
        PhotoError: `unreadable` (missing, a folder, not a picture, truncated, too many pixels) or `too-small`.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("L", (80, 100)).save(Path(folder) / "grey.png")
        ...     photo = open_photo(Path(folder) / "grey.png")
        >>> photo.pixels.shape, photo.reduction
        ((100, 80, 3), 1)
    """
    path = Path(path)
    if os.path.isdir(path):  # unlike Path's methods, os.path returns False for a name that is too long
        raise PhotoError("unreadable", f"{path.name}: this is a folder, not a photo")
    if not os.path.exists(path):
        raise PhotoError("unreadable", f"{path.name}: there is no such file in {path.absolute().parent}")
    if not os.path.isfile(path):  # reading a pipe would block
        raise PhotoError("unreadable", f"{path.name}: this is not a regular file")
    return decode_photo(path, path.name)


def decode_photo(file: Path | bytes, name: str, most_pixels: int = MOST_PIXELS, sent: bool = False) -> Photo:
    """Read a photo from a regular file or from its content, see `open_photo`.

    Args:
        file: the file's path, or its bytes, which are not written to the disk.
        name: the file's name, with which every error begins.
        most_pixels: a picture with more is refused before it is decoded.
        sent: it is the content of a file that somebody else sent: see `sent_photo`.

    Raises:
        PhotoError: as `open_photo` says; `too-many-pixels` beyond a smaller `most_pixels` than `MOST_PIXELS`.
    """
    try:
        with _without_warnings(), _opened(file, name, most_pixels, sent) as opened:
            photo, reduction = _read(opened, file, name)
            pixels = np.array(photo)
    except Image.DecompressionBombError as error:
        raise PhotoError("unreadable", f"{name}: it has too many pixels; make it smaller first") from error
    except UnidentifiedImageError as error:
        raw = Path(name).suffix.lower() in (".jxl", ".heic", ".heif", ".raw", ".dng")
        advice = "; save it as JPEG first" if raw else ""
        raise PhotoError("unreadable", f"{name}: this is not a picture in a supported format{advice}") from error
    except _DECODE_ERRORS as error:
        raise PhotoError("unreadable", f"{name}: the picture is damaged or incomplete") from error
    if min(photo.size) < SMALLEST_EDGE:
        raise PhotoError(
            "too-small",
            f"{name}: {photo.width}x{photo.height} pixels are too few; "
            f"a photo needs at least {SMALLEST_EDGE} on each edge",
        )
    return Photo(pixels, reduction)


_opening = threading.Lock()
_reading = threading.Lock()
_readers = 0
_silence = contextlib.ExitStack()


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence Pillow's warnings about large files and unusual tags, which it reads correctly.

    Warning filters are shared by all threads, so the first reader sets them and the last one restores them.
    """
    global _readers
    with _reading:
        if _readers == 0:
            _silence.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _readers += 1
    try:
        yield
    finally:
        with _reading:
            _readers -= 1
            if _readers == 0:
                _silence.close()


@contextlib.contextmanager
def _opened(
    file: Path | bytes, name: str, most: int = MOST_PIXELS, sent: bool = False
) -> Iterator[ImageFile.ImageFile]:
    """Open a picture without decoding it, with `most` pixels as the limit; phone photos exceed Pillow's limit."""
    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            opened = open_picture(file, name, SENT_FORMATS if sent else None)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    with opened:
        if opened.width * opened.height > most:
            raise PhotoError(
                "unreadable" if most >= MOST_PIXELS else "too-many-pixels",
                f"{name}: {opened.width}x{opened.height} pixels are {_millions(opened.width * opened.height)} "
                f"megapixels; at most {_millions(most)} are read: make it smaller first",
            )
        if sent and isinstance(file, bytes):
            check_sent(opened, file, name)
        yield opened


def _millions(pixels: int) -> str:
    """Return millions, rounded up; small numbers with hundredths, so that too many never looks like the limit."""
    return f"{math.ceil(pixels / 1e6):,}" if pixels >= 10_000_000 else f"{math.ceil(pixels / 1e4) / 100:g}"


def _read(opened: ImageFile.ImageFile, file: Path | bytes, name: str) -> tuple[Image.Image, int]:
    """Return an opened picture as upright RGB, and its reduction."""
    opened.seek(0)
    reduction = math.ceil(math.sqrt(opened.width * opened.height / MOST_KEPT_PIXELS))
    if reduction == 1:
        deep_colour = is_deep_colour(opened)
        opened.load()
        if deep_colour:
            with _opened(file, name) as again:
                again.seek(0)
                photo = to_srgb(round_deep_colour(opened, again))
        else:
            photo = to_srgb(deep_to_grey(opened) if is_deep(opened) else opened)
    else:
        size = opened.size
        photo = _reduced(opened, reduction)
        logger.info("%s: %dx%d pixels are read as %dx%d", name, *size, *photo.size)
    _turn_upright(photo, opened)
    return photo, reduction


def _reduced(opened: Image.Image, reduction: int) -> Image.Image:
    """Return a large picture as RGB, every square of pixels reduced to one, without a second copy in full size."""
    width, height = (math.ceil(edge / reduction) for edge in opened.size)
    opened.draft(None, (width, height))  # a JPEG is decoded at a smaller size, if possible; other formats ignore this
    opened.load()
    factor = round(max(opened.size) / max(width, height))
    if factor == 1:
        return to_srgb(opened)
    if opened.mode in ("I", "F"):
        return to_srgb(deep_to_grey(opened.reduce(factor)))
    if is_deep(opened):
        return to_srgb(deep_to_grey(opened).reduce(factor))
    small = Image.new("RGB", (width, height))
    for top in range(0, opened.height, _STRIP * factor):
        strip = opened.crop((0, top, opened.width, min(opened.height, top + _STRIP * factor)))
        small.paste(to_srgb(strip).reduce(factor), (0, top // factor))
    return small


def _turn_upright(photo: Image.Image, opened: Image.Image) -> None:
    """Apply the EXIF orientation of the opened file to a photo."""
    try:
        photo.getexif()[ExifTags.Base.Orientation] = opened.getexif().get(ExifTags.Base.Orientation, 1)
        ImageOps.exif_transpose(photo, in_place=True)
    except _DECODE_ERRORS as error:
        logger.info("the EXIF block is damaged and was ignored: %s", error)
