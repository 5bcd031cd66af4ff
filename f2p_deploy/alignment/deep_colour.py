"""Colour pictures of 16 bits a channel rounded to 8, where Pillow alone would cut them."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

#: Pillow's names of 16-bit layouts, without their byte order, whose lower bytes the opposite order reads.
_LAYOUTS = ("RGB;16", "RGBA;16", "RGBX;16", "CMYK;16")

_OPPOSITE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def round_deep_colour(path: Path, loaded: Image.Image) -> Image.Image:
    """Return a picture with its 16-bit channels rounded to 8 bits; others as they are.

    Pillow has no colour mode of more than 8 bits: it keeps the upper byte of every value. A second reading that is told
    the other byte order keeps the lower one, and both together are the value. This works for PNG and TIFF; JPEG 2000
    and SGI stay cut, and Pillow itself rounds PPM.

    Args:
        path: the file.
        loaded: the same file as Pillow reads it, not yet turned.
    """
    with Image.open(path) as again:
        again.seek(0)
        if again.format not in ("PNG", "TIFF") or not again.tile:
            return loaded
        layouts = {_layout(tile.args) for tile in again.tile}
        if layouts == {"LA;16B"}:  # has no opposite; as four bytes it is upper and lower of both channels
            again.tile = [tile._replace(args="RGBA") for tile in again.tile]
            grey, grey_low, alpha, alpha_low = again.split()
            made = Image.merge("LA", (_rounded(grey, grey_low), _rounded(alpha, alpha_low)))
        elif all(layout[:-1] in _LAYOUTS for layout in layouts):
            again.tile = [tile._replace(args=_other_order(tile.args)) for tile in again.tile]
            made = _rounded(loaded, again)
        else:
            return loaded
    made.info = dict(loaded.info)
    return made


def _layout(arguments: object) -> str:
    """Return the name of the layout among a tile's arguments."""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _other_order(arguments: object) -> object:
    layout = _layout(arguments)
    other = layout[:-1] + _OPPOSITE.get(layout[-1], layout[-1])
    return (other, *arguments[1:]) if isinstance(arguments, tuple) else other


def _rounded(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Return the nearest 8-bit values of 16-bit ones given by their bytes.

    With u and l the two bytes, 256 u + l in units of 257 is u + (l - u) / 257.
    """
    u, low = np.asarray(upper), np.asarray(lower).astype(np.int16)
    return Image.fromarray((u + (low - u > 128) - (u - low > 128)).astype(np.uint8), upper.mode)
