"""Write photos of unusual formats, names and damage for many_photos.py; nothing is measured here."""

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

#: Names of good photos that a file system allows and a terminal, a page, a spreadsheet or Windows may mishandle.
NAMES = (
    b"caf\xe9.jpg",  # two that are not UTF-8, equal once invalid bytes are dropped
    b"caf\xe8.jpg",
    "写".encode() * 74 + b".jpg",
    b"x" * 251 + b".jpg",
    b"new\nline.jpg",
    b"esc\x1b[31mred\x07.jpg",
    "\u009b2J.jpg".encode(),
    b"=cmd|' -C calc'!A0.jpg",
    b"-rf.jpg",
    b"+1.jpg",
    b"@sum.jpg",
    b"\ttab.jpg",
    b"a\"b<c>&'.jpg",
    b"%41#?.jpg",
    b"back\\slash.jpg",
    b"trailing .jpg",
    b"trailing..jpg",
    b" .jpg",
    b"CON.jpg",
    b"aux.b.jpg",
    b"index.html.jpg",
    b"summary.csv.jpg",
    "\u202egpj.jpg".encode(),
    "e\u0301.jpg".encode(),  # one name in two spellings
    "\u00e9.jpg".encode(),
    b"twin.jpg",  # one stem four times
    b"twin.jpeg",
    b"TWIN.JPG",
    b"twin-2.jpg",
    "\U0001f468\u200d\U0001f469.jpg".encode(),
)


def write_strange(folder: Path, portrait: Path) -> int:
    """Write the unusual photos into a folder; return their number.

    Args:
        folder: an existing folder.
        portrait: a good photo of a face.
    """
    before = len(os.listdir(folder))
    for name in NAMES:
        shutil.copy(portrait, os.path.join(os.fsencode(folder), name))
    with Image.open(portrait) as opened:
        photo = opened.convert("RGB")
    for file, content in (*_formats(photo), *_damaged(photo)):
        (folder / file).write_bytes(content)
    (folder / "broken-link.jpg").symlink_to("nowhere.jpg")
    return len(os.listdir(folder)) - before


def write_no_photos(folder: Path) -> tuple[str, ...]:
    """Write files that are not photos; return their names."""
    names = ("notes.txt", "scan.pdf", ".hidden.jpg")
    for name in names:
        (folder / name).write_bytes(b"no photo")
    return names


def _formats(photo: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of one photo in other formats, depths and colours."""
    for file, form in (
        ("f.jfif", "JPEG"),
        ("f.jif", "JPEG"),
        ("f.mpo", "MPO"),
        ("f.png", "PNG"),
        ("f.apng", "PNG"),
        ("f.webp", "WEBP"),
        ("f.gif", "GIF"),
        ("f.bmp", "BMP"),
        ("f.tif", "TIFF"),
        ("f.avif", "AVIF"),
        ("f.jp2", "JPEG2000"),
        ("f.ppm", "PPM"),
        ("f.tga", "TGA"),
    ):
        yield file, _saved(photo, form)
    yield "png-as.jpg", _saved(photo, "PNG")
    yield "cmyk.jpg", _saved(photo.convert("CMYK"), "JPEG")
    yield "grey.jpg", _saved(photo.convert("L"), "JPEG")
    yield "deep.png", _saved(Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257), "PNG")
    yield "alpha.png", _saved(photo.convert("RGBA"), "PNG")
    turned = Image.Exif()
    turned[0x0112] = 6
    yield "turned.jpg", _saved(photo.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned.tobytes())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield "odd-profile.jpg", _saved(photo, "JPEG", icc_profile=profile)


def _damaged(photo: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files that cannot become a character."""
    good = _saved(photo, "JPEG")
    yield "empty.jpg", b""
    yield "cut.jpg", good[: len(good) // 2]
    yield "text.jpg", b"<!doctype html><title>404</title>"
    yield "noise.jpg", np.random.default_rng(0).bytes(10_000)
    yield "tiny.png", _saved(Image.new("RGB", (20, 20)), "PNG")
    yield "wall.png", _saved(Image.new("RGB", (600, 600), "grey"), "PNG")
    yield "bomb.png", _saved(Image.new("1", (30_000, 30_000)), "PNG")
    yield "header.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    yield "header.jxl", b"\xff\x0a" + bytes(100)


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()
