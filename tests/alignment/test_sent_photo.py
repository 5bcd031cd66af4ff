"""Photos that somebody else sends: which formats are read, and how many scans."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import decode_photo
from f2p_deploy.alignment.sent_photo import MOST_SCANS, jpeg_scans
from f2p_deploy.system.errors import PhotoError


def saved(form: str, picture: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (picture or Image.new("RGB", (80, 70), (250, 120, 10))).save(stream, form, **options)
    return stream.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(PhotoError) as error:
        decode_photo(content, "photo", sent=True)
    assert error.value.reason == "unreadable"
    return str(error.value)


@pytest.mark.parametrize("form", ["JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000"])
def test_photos_of_cameras_phones_and_browsers_are_read(form: str) -> None:
    assert decode_photo(saved(form), "photo", sent=True).pixels.shape == (70, 80, 3)


def test_heic_is_read(astronaut: np.ndarray) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(astronaut)).save(stream, quality=80)
    assert decode_photo(stream.getvalue(), "photo", sent=True).pixels.shape == (512, 512, 3)


@pytest.mark.parametrize("form", ["EPS", "ICNS", "ICO", "PPM", "QOI", "TGA", "PCX", "SGI", "DDS"])
def test_other_formats_are_read_here_but_not_from_others(form: str) -> None:
    content = saved(form, Image.new("RGB", (128, 128), "red"))
    if form != "EPS":  # would start a program
        decode_photo(content, "photo")
    assert "not a picture in a supported format" in refused(content)


def test_a_run_length_bitmap_is_decoded_in_python_and_refused() -> None:
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + 1024)
    head += struct.pack("<IiiHHIIiiII", 40, 80, 70, 1, 8, 1, 0, 0, 0, 256, 0)
    content = head + bytes(1024) + bytes([80, 1, 0, 0]) * 70 + b"\0\1"
    assert decode_photo(content, "photo").pixels.shape == (70, 80, 3)
    assert "supported format" in refused(content)


def test_scans_are_counted_and_limited() -> None:
    small = Image.new("L", (64, 64), 99)
    assert jpeg_scans(saved("JPEG", small)) == 1 < jpeg_scans(saved("JPEG", small, progressive=True))
    content = saved("JPEG", small, progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    many = content[:-2] + last * MOST_SCANS + content[-2:]
    assert f"more than {MOST_SCANS} scans" in refused(many)
    thumbnail = b"\xff\xe5" + struct.pack(">H", 2 + 400) + b"\xff\xda\x00\x02" * 100
    assert jpeg_scans(content[:2] + thumbnail + content[2:]) == jpeg_scans(content)
    for cut in (content[:3], content[:-1], b"\xff\xd8", b"\xff\xd8\xff"):
        assert jpeg_scans(cut) <= jpeg_scans(content)
