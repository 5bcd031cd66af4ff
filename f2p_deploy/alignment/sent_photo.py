"""Photos that somebody else sends: only what is decoded in a time that its pixels bound."""

import re

from PIL import Image, ImageFile

from f2p_deploy.system.errors import PhotoError

#: Pillow's names of the formats that are read, besides HEIC: those of cameras, phones, browsers and picture editors.
#: Others start programs (EPS), hold further pictures of any size (ICO, ICNS) or are decoded by Python code, which takes
#: up to a minute for 16 MB (QOI, PPM).
SENT_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000")

#: Most scans of a JPEG; progressive ones have about 10, and each goes through all pixels once more.
MOST_SCANS = 64

#: A marker in a JPEG's compressed data: not a stuffed 0xFF, not a restart, not a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


def check_sent(opened: ImageFile.ImageFile, content: bytes, name: str) -> None:
    """Raise unless a picture is decoded in a time that its pixels bound.

    Args:
        opened: the picture, not decoded.
        content: its file.
        name: of the file, with which the error begins.

    Raises:
        PhotoError: `unreadable`.
    """
    if any(tile[0] in Image.DECODERS for tile in opened.tile):  # a registry of decoders in Python
        raise PhotoError("unreadable", f"{name}: this is not a picture in a supported format; save it as JPEG first")
    if opened.format in ("JPEG", "MPO") and jpeg_scans(content) > MOST_SCANS:
        raise PhotoError("unreadable", f"{name}: this JPEG has more than {MOST_SCANS} scans; save it again")


def jpeg_scans(content: bytes) -> int:
    """Return how many scans a JPEG has, without decoding it; those of pictures inside its segments are not counted."""
    scans, place = 0, 2
    while (marker := _MARKER.search(content, place)) is not None:
        kind = content[marker.start() + 1]
        if kind == 0xD9:  # the end of the picture
            break
        scans += kind == 0xDA
        place = marker.end() + max(2, int.from_bytes(content[marker.end() : marker.end() + 2], "big"))
    return scans
