"""Round colour pictures of 16 bits per channel to 8 bits; Pillow would truncate them."""

import sys
from typing import Any

import numpy as np
from PIL import Image, ImageFile

#: Pillow's names of 16-bit layouts, without the byte order; read in the opposite order, they give the lower bytes.
_LAYOUTS = ("RGB;16", "RGBA;16", "RGBX;16", "CMYK;16")

#: Grey and alpha exist in one byte order only; read as RGBA, they give the upper and lower bytes of both.
_GREY_ALPHA = "LA;16B"

#: Pillow's arguments for the decoder of a tile: the layout of its pixels, alone or as the first entry.
_Arguments = tuple[Any, ...] | str | None

_OPPOSITE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep_colour(opened: Image.Image) -> bool:
    """Return True if a picture, not decoded yet, has 16-bit channels that `round_deep_colour` can round."""
    layouts = {_layout(tile.args) for tile in getattr(opened, "tile", ())}
    deep = layouts == {_GREY_ALPHA} or all(layout[:-1] in _LAYOUTS for layout in layouts)
    return opened.format in ("PNG", "TIFF") and bool(layouts) and deep


def round_deep_colour(loaded: Image.Image, again: ImageFile.ImageFile) -> Image.Image:
    """Return a picture with its 16-bit channels rounded to 8 bits.

    Pillow has no colour mode of more than 8 bits and keeps the upper byte of every value. Reading the file a second
    time in the opposite byte order gives the lower bytes. This works for PNG and TIFF. JPEG 2000 and SGI stay
    truncated; PPM is rounded by Pillow.

    Args:
        loaded: the picture as Pillow decodes it, for which `is_deep_colour` was True.
        again: the same file, opened a second time and not decoded yet.
    """
    if _layout(again.tile[0].args) == _GREY_ALPHA:
        again.tile = [tile._replace(args="RGBA") for tile in again.tile]
        grey, grey_low, alpha, alpha_low = again.split()
        rounded = Image.merge("LA", (_rounded(grey, grey_low), _rounded(alpha, alpha_low)))
    else:
        again.tile = [tile._replace(args=_other_order(tile.args)) for tile in again.tile]
        rounded = _rounded(loaded, again)
    rounded.info = dict(loaded.info)
    return rounded


def _layout(arguments: _Arguments) -> str:
    """Return the layout's name from a tile's arguments."""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _other_order(arguments: _Arguments) -> _Arguments:
    layout = _layout(arguments)
    other = layout[:-1] + _OPPOSITE.get(layout[-1], layout[-1])
    return (other, *arguments[1:]) if isinstance(arguments, tuple) else other


def _rounded(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Return the nearest 8-bit values of 16-bit values, given as their upper and lower bytes.

    With bytes u and l, the value is (256 u + l) / 257 = u + (l - u) / 257.
    """
    u, low = np.asarray(upper), np.asarray(lower).astype(np.int16)
    return Image.fromarray((u + (low - u > 128) - (u - low > 128)).astype(np.uint8), upper.mode)
