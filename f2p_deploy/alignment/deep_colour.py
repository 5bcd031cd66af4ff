"""Colour pictures of 16 bits a channel rounded to 8, where Pillow alone would cut them."""

import sys
from typing import Any

import numpy as np
from PIL import Image, ImageFile

#: Pillow's names of 16-bit layouts, without their byte order, whose lower bytes the opposite order reads.
_LAYOUTS = ("RGB;16", "RGBA;16", "RGBX;16", "CMYK;16")

#: Grey and alpha have no opposite; read as four bytes they are the upper and lower bytes of both.
_GREY_ALPHA = "LA;16B"

#: What Pillow tells a decoder about a part of a picture: the layout of its pixels, alone or first.
_Arguments = tuple[Any, ...] | str | None

_OPPOSITE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep_colour(opened: Image.Image) -> bool:
    """Tell whether a picture that is not decoded yet has 16-bit channels that `round_deep_colour` can round."""
    layouts = {_layout(tile.args) for tile in getattr(opened, "tile", ())}
    deep = layouts == {_GREY_ALPHA} or all(layout[:-1] in _LAYOUTS for layout in layouts)
    return opened.format in ("PNG", "TIFF") and bool(layouts) and deep


def round_deep_colour(loaded: Image.Image, again: ImageFile.ImageFile) -> Image.Image:
    """Return a picture with its 16-bit channels rounded to 8 bits.

    Pillow has no colour mode of more than 8 bits: it keeps the upper byte of every value. A second reading that is told
    the other byte order keeps the lower one, and both together are the value. This works for PNG and TIFF; JPEG 2000
    and SGI stay cut, and Pillow itself rounds PPM.

    Args:
        loaded: the picture as Pillow decodes it.
        again: the same file opened once more, not decoded yet; `is_deep_colour`.
    """
    if _layout(again.tile[0].args) == _GREY_ALPHA:
        again.tile = [tile._replace(args="RGBA") for tile in again.tile]
        grey, grey_low, alpha, alpha_low = again.split()
        made = Image.merge("LA", (_rounded(grey, grey_low), _rounded(alpha, alpha_low)))
    else:
        again.tile = [tile._replace(args=_other_order(tile.args)) for tile in again.tile]
        made = _rounded(loaded, again)
    made.info = dict(loaded.info)
    return made


def _layout(arguments: _Arguments) -> str:
    """Return the name of the layout among a tile's arguments."""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _other_order(arguments: _Arguments) -> _Arguments:
    layout = _layout(arguments)
    other = layout[:-1] + _OPPOSITE.get(layout[-1], layout[-1])
    return (other, *arguments[1:]) if isinstance(arguments, tuple) else other


def _rounded(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Return the nearest 8-bit values of 16-bit ones given by their bytes.

    With u and l the two bytes, 256 u + l in units of 257 is u + (l - u) / 257.
    """
    u, low = np.asarray(upper), np.asarray(lower).astype(np.int16)
    return Image.fromarray((u + (low - u > 128) - (u - low > 128)).astype(np.uint8), upper.mode)
