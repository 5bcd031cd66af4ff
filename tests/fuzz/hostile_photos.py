"""Files that are sent as photos: every format that Pillow writes, whole, cut, damaged, mixed and far too large."""

import io
import random
import struct
import zlib

import numpy as np
from mutations import damage_bytes
from PIL import Image, ImageFile

#: Formats that Pillow writes with no further program or library; those after the first line are no photos here.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "AVIF", "JPEG2000", "MPO"),
    *("BLP", "DDS", "EPS", "ICNS", "ICO", "MSP", "PCX", "PPM", "QOI", "SGI", "SPIDER", "TGA", "XBM"),
)

#: Modes of pictures, where a format takes them.
_MODES = ("RGB", "RGBA", "L", "P", "1", "CMYK", "I;16", "LA", "F")


def sound(form: str, picture: Image.Image, choice: random.Random) -> bytes:
    """Return a picture's file in a format; in another mode now and then."""
    stream = io.BytesIO()
    try:
        picture.convert(choice.choice(_MODES) if choice.random() < 0.4 else "RGB").save(stream, form)
    except (OSError, ValueError, KeyError):  # a mode that the format has not
        stream = io.BytesIO()
        picture.convert({"MSP": "1", "XBM": "1", "BLP": "P", "SPIDER": "F"}.get(form, "RGB")).save(stream, form)
    return stream.getvalue()


def heic(picture: Image.Image) -> bytes | None:
    """Return a picture as HEIC; None without the extra `heif`."""
    try:
        import pillow_heif
    except ImportError:
        return None
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture.convert("RGB")).save(stream, quality=60)
    return stream.getvalue()


def damaged(content: bytes, choice: random.Random) -> bytes:
    """Return a file cut short, or damaged anywhere."""
    if choice.random() < 0.3:
        return content[: choice.randrange(len(content))]
    for _ in range(choice.choice((1, 2, 5, 30))):
        content = damage_bytes(content, choice) or b"\0"
    return content


def polyglot(pictures: list[bytes], choice: random.Random) -> bytes:
    """Return a file that begins or ends as another kind of file, too."""
    others = (b"PK\3\4" + bytes(60), b"%PDF-1.4\n", b"<html><script>", b"#!/bin/sh\n", b"MZ", b"\x7fELF", b"GIF89a")
    one, two = choice.choice(pictures), choice.choice((*pictures, *others))
    return choice.choice((one + two, two + one, one[:20] + two + one[20:], one[: len(one) // 2] + two))


def bombs(choice: random.Random) -> bytes:
    """Return a small file of a picture that would be far too large, or whose side data would."""
    sizes = ((65_000, 65_000), (2**31 - 1, 1), (16_383, 16_383), (100_000, 600), (30_000, 30_000))
    width, height = choice.choice(sizes)
    kind = choice.randrange(8)
    if kind == 0:
        return png(width, height, b"")
    if kind == 1:  # a real one: a gigabyte of zeros in a megabyte, of which nothing may be decoded
        return png(30_000, 30_000, zlib.compress(bytes(3751 * 1000), 9) * 3)
    if kind == 2:
        text = b"Comment\0\0" + zlib.compress(bytes(8 * 2**20), 9)
        return png(64, 64, b"", (b"zTXt", text), (b"iCCP", b"a\0\0" + zlib.compress(bytes(8 * 2**20), 9)))
    if kind == 3:
        size = struct.pack("<HH", width % 65_536, height % 65_536)
        return b"GIF89a" + size + b"\x80\0\0" + bytes(6) + b",\0\0\0\0" + size + b"\0\2\2L\1\0;"
    if kind == 4:
        return struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54) + struct.pack(
            "<IiiHHIIiiII", 40, width, height % 2**31, 1, choice.choice((1, 8, 24, 32)), 0, 0, 0, 0, 0, 0
        )
    if kind == 5:
        return _patched_jpeg(width, height)
    if kind == 6:
        return _tiff(width, height, choice)
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (min(width, 16_384) - 1).to_bytes(3, "little")
    chunk += (min(height, 16_384) - 1).to_bytes(3, "little") + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def png(width: int, height: int, pixels: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file of grey pixels that says a size, and holds compressed pixels and other chunks."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def _patched_jpeg(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (64, 64), 9).save(stream, "JPEG")
    content = bytearray(stream.getvalue())
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
    return bytes(content)


def _tiff(width: int, height: int, choice: random.Random) -> bytes:
    tags = ((256, width), (257, height % 2**32), (258, 8), (259, choice.choice((1, 5, 8))), (262, 1))
    tags += ((273, 8), (277, 1), (278, height % 2**32), (279, choice.choice((4, 2**32 - 1))))
    lines = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + lines + bytes(4)


def pictures(face: np.ndarray) -> list[Image.Image]:
    """Return a face, a grey wall and a very small picture.

    Args:
        face: (H, W, 3) uint8 RGB, a picture with one face.
    """
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 2**22)  # Pillow's buffer for what it writes
    return [Image.fromarray(face), Image.new("RGB", (96, 96), (99, 120, 130)), Image.new("RGB", (9, 7))]
