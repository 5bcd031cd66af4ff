"""HEIC photos, the format of iPhones; Pillow opens them if the extra `heif` is installed."""

import io
from collections.abc import Collection
from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

from f2p_deploy.system.errors import MissingDependency, PhotoError
from f2p_deploy.system.extras import require

#: Brands of HEIF files (ISO/IEC 23008-12) for pictures in HEVC, and the two that leave the codec open.
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def open_picture(file: Path | bytes, name: str, formats: Collection[str] | None = None) -> ImageFile.ImageFile:
    """Open a picture like `Image.open`, which may also be HEIC; the format is detected from the content.

    Args:
        file: the file's path, or its content.
        name: the file's name, for errors.
        formats: Pillow's names of the formats besides HEIC; None for all that it reads.

    Raises:
        PhotoError: `unreadable`; the file is HEIC and the extra is not installed.
        UnidentifiedImageError: the file is not a picture in a supported format.
    """
    try:
        return Image.open(_readable(file), formats=None if formats is None else _known(formats))
    except UnidentifiedImageError:
        if not is_heif(file):
            raise
    try:
        require("heif", "reading HEIC photos")
    except MissingDependency as error:
        raise PhotoError("unreadable", f"{name}: {error}; or save it as JPEG first") from error
    import pillow_heif

    pillow_heif.register_heif_opener()
    return Image.open(_readable(file), formats=("HEIF",))


def _known(formats: Collection[str]) -> list[str]:
    Image.init()
    return [name for name in formats if name in Image.OPEN]


def _readable(file: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(file) if isinstance(file, bytes) else file


def is_heif(file: Path | bytes) -> bool:
    """Return True if a file, given by its path or its content, begins like HEIF."""
    if isinstance(file, bytes):
        start = file[:12]
    else:
        with file.open("rb") as opened:
            start = opened.read(12)
    return start[4:8] == b"ftyp" and start[8:] in _BRANDS
