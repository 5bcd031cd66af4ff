"""Any picture's colours as sRGB: depth, profile, palette and transparency, each in its turn."""

import io
import logging

import numpy as np
from PIL import Image, ImageCms

logger = logging.getLogger(__name__)

#: The colour space that a profile must be of, by the mode of the picture that carries it.
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}

#: Tags of TIFF: bits a sample, and how values become light (0: the lowest is white).
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def is_deep(picture: Image.Image) -> bool:
    """Tell whether a picture is grey of more than 8 bits (Pillow's modes `I;16`, `I` and `F`)."""
    return picture.mode == "F" or picture.mode.startswith("I")


def to_srgb(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB in sRGB, its transparent parts laid on white.

    Its colours go through its colour profile first: a profile says what the stored colours mean, so it must see them
    before palette and transparency are resolved with other colours. A profile that is damaged or of another colour
    space than the picture is left out, with a line in the log. Deep grey must have become `L` before (`deep_to_grey`).

    Args:
        picture: loaded, of any mode but deep grey.
    """
    colours, alpha = _split(picture)
    rgb = _convert(colours, picture.info.get("icc_profile"))
    return rgb if alpha is None else Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


def deep_to_grey(picture: Image.Image) -> Image.Image:
    """Return a picture of 16-bit integers (0 to 65535) or floats (0 to 1, else to their maximum) rounded to 8 bits."""
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
    made = Image.fromarray(grey)
    made.info = dict(picture.info)
    clear = made.info.pop("transparency", None)
    if isinstance(clear, int):
        made.putalpha(Image.fromarray(np.where(np.asarray(picture) == clear, 0, 255).astype(np.uint8)))
    return made


def _split(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return a picture's colours in a mode of `_SPACES`, and its transparency, `L`, if it has any."""
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
    """Return colours in sRGB, by their profile if that fits them."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if space == _SPACES[colours.mode]:
                return _apply(colours, source)
            logger.info("the colour profile is for %s, the picture is %s: it was ignored", space, colours.mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            logger.info("the colour profile is damaged and was ignored: %s", error)
    if colours.mode == "LAB":  # which Pillow's own conversion does not know
        return _apply(colours, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return colours if colours.mode == "RGB" else colours.convert("RGB")


def _apply(colours: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    if converted is None:
        raise ValueError("no picture came of the conversion")
    return converted


def _to_bytes(values: np.ndarray, white: float) -> np.ndarray:
    return np.clip(values * (255.0 / white) + 0.5, 0, 255).astype(np.uint8)


def _bits(picture: Image.Image) -> int:
    """Return the bits a sample of a 16-bit picture: TIFF also has 12, which Pillow stores unscaled."""
    return int(getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[0])


def _white_is_zero(picture: Image.Image) -> bool:
    """Tell whether a 16-bit TIFF is a negative, which Pillow turns at 8 bits only."""
    return getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
