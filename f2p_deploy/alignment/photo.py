"""Reading a photo: any file a person may call a photo becomes upright 8-bit RGB, or one clear sentence."""

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from f2p_deploy.errors import PhotoError

logger = logging.getLogger(__name__)

#: Shortest edge of a photo in pixels; in less than this no face is large enough to be aligned.
SMALLEST_EDGE = 64

#: What Pillow raises for files that are damaged in one way or another.
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
    NotImplementedError,
    struct.error,
    zlib.error,
)


def read_photo(path: str | Path) -> np.ndarray:
    """Read a photo as a person would see it.

    The EXIF orientation is applied, an embedded colour profile is converted to sRGB, transparency is laid on
    white, greyscale, palette, 16-bit and CMYK pictures become RGB, and of an animation the first frame is taken.

    Args:
        path: a file in any format Pillow reads.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        PhotoError: `unreadable` (missing, a folder, not a picture, truncated, too many pixels) or `too-small`.
    """
    path = Path(path)
    if path.is_dir():
        raise PhotoError("unreadable", f"{path.name}: this is a folder, not a photo")
    if not path.exists():
        raise PhotoError("unreadable", f"{path.name}: there is no such file in {path.absolute().parent}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large and oddly tagged files that it then reads well
            with Image.open(path) as opened:
                opened.seek(0)
                photo = _to_rgb(_upright(opened))
    except Image.DecompressionBombError as error:
        raise PhotoError("unreadable", f"{path.name}: more pixels than a photo has; make it smaller first") from error
    except UnidentifiedImageError as error:
        advice = "; save it as JPEG first" if path.suffix.lower() in (".heic", ".heif", ".raw", ".dng") else ""
        raise PhotoError("unreadable", f"{path.name}: this is not a picture in a format read here{advice}") from error
    except _DECODE_ERRORS as error:
        raise PhotoError("unreadable", f"{path.name}: the picture is damaged or incomplete") from error
    if min(photo.size) < SMALLEST_EDGE:
        raise PhotoError(
            "too-small",
            f"{path.name}: {photo.width}x{photo.height} pixels are too few; "
            f"a photo needs at least {SMALLEST_EDGE} on each edge",
        )
    return np.array(photo)


def _upright(opened: Image.Image) -> Image.Image:
    opened.load()
    try:
        return ImageOps.exif_transpose(opened)
    except _DECODE_ERRORS as error:
        logger.info("the EXIF block is damaged and was ignored: %s", error)
        return opened


def _to_rgb(photo: Image.Image) -> Image.Image:
    if photo.mode == "F" or photo.mode.startswith("I"):
        return _deep_grey_to_rgb(photo)
    if photo.has_transparency_data:
        layered = photo.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    profile = photo.info.get("icc_profile")
    if profile and photo.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(photo, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            logger.info("the colour profile is damaged and was ignored: %s", error)
    return photo.convert("RGB")


def _deep_grey_to_rgb(photo: Image.Image) -> Image.Image:
    """Scale 16-bit integers (0 to 65535) and floats (0 to 1, else to their maximum) to 8 bits."""
    values = np.nan_to_num(np.asarray(photo, dtype=np.float64))
    highest = values.max()
    white = 65535.0 if photo.mode != "F" else 1.0
    if highest > white:
        white = highest
    elif photo.mode == "I" and highest <= 255:
        white = 255.0
    grey = np.clip(values / white * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
