"""Convert the colours of any picture to sRGB: bit depth, colour profile, palette and transparency."""

import io
import logging

import numpy as np
from PIL import Image, ImageCms

logger = logging.getLogger(__name__)

#: The colour space that a picture's profile must have, by the picture's mode.
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}

#: TIFF tags: bits per sample, and the photometric interpretation (0: the lowest value is white).
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def is_deep(picture: Image.Image) -> bool:
    """Return True if a picture is greyscale with more than 8 bits (Pillow's modes `I;16`, `I` and `F`)."""
    return picture.mode == "F" or picture.mode.startswith("I")


def to_srgb(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB in sRGB, with transparent parts on white.

    The colour profile is applied first: it defines the meaning of the stored colours, so it must be applied before
    transparency mixes them with others. A profile that is damaged, or of another colour space than the picture, is
    ignored and logged. Deep greyscale must be converted to `L` before (`deep_to_grey`).

    Args:
        picture: a loaded picture in any mode but deep greyscale.
    """
    colours, alpha = _split(picture)
    rgb = _convert(colours, picture.info.get("icc_profile"))
    return rgb if alpha is None else Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


def deep_to_grey(picture: Image.Image) -> Image.Image:
    """Return a greyscale picture of 16-bit integers (0 to 65535) or floats (0 to 1, or to their maximum) in 8 bits."""
    if picture.mode.startswith("I;16"):
        values = np.asarray(picture).astype(np.uint16, copy=False)
        table = _to_bytes(np.arange(65536), 2 ** _bits(picture) - 1.0)
        grey = (table[::-1] if _white_is_zero(picture) else table)[values]
    else:
        values = np.nan_to_num(np.asarray(picture))
        white = 65535.0 if picture.mode != "F" else 1.0
        highest = float(values.max())
        if highest > white:
            white = highest
        elif picture.mode == "I" and highest <= 255:
            white = 255.0
        grey = _to_bytes(values, white)
    rounded = Image.fromarray(grey)
    rounded.info = dict(picture.info)
    clear = rounded.info.pop("transparency", None)
    if isinstance(clear, int):
        rounded.putalpha(Image.fromarray(np.where(np.asarray(picture) == clear, 0, 255).astype(np.uint8)))
    return rounded


def _split(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return a picture's colours in a mode of `_SPACES`, and its alpha channel (mode `L`) or None."""
    alpha = None
    if picture.has_transparency_data:
        grey = picture.mode in ("1", "L", "LA", "La")
        picture = picture.convert("LA" if grey else "RGBA")
        alpha = picture.getchannel("A")
        picture = picture.convert("L" if grey else "RGB")
    if picture.mode not in _SPACES:
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    return picture, alpha


def _convert(colours: Image.Image, profile: bytes | None) -> Image.Image:
    """Return colours in sRGB, converted by their profile if it matches them."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if space == _SPACES[colours.mode]:
                return _apply(colours, source)
            logger.info("the colour profile is for %s, the picture is %s: it was ignored", space, colours.mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            logger.info("the colour profile is damaged and was ignored: %s", error)
    if colours.mode == "LAB":  # Image.convert cannot convert Lab
        return _apply(colours, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return colours if colours.mode == "RGB" else colours.convert("RGB")


def _apply(colours: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    if converted is None:
        raise ValueError("the conversion returned no picture")
    return converted


def _to_bytes(values: np.ndarray, white: float) -> np.ndarray:
    return np.clip(values * (255.0 / white) + 0.5, 0, 255).astype(np.uint8)


def _bits(picture: Image.Image) -> int:
    """Return the bits per sample of a 16-bit picture; TIFF also has 12 bits, which Pillow stores unscaled."""
    return int(getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[0])


def _white_is_zero(picture: Image.Image) -> bool:
    """Return True if a 16-bit TIFF is a negative; Pillow inverts 8-bit ones only."""
    return getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
