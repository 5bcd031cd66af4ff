"""HEIC photos, the format of iPhones; Pillow opens them if the extra `heif` is installed."""

from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

from f2p_deploy.system.errors import MissingDependency, PhotoError
from f2p_deploy.system.extras import require

#: Brands of HEIF files (ISO/IEC 23008-12) for pictures in HEVC, and the two that leave the codec open.
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def open_picture(path: Path) -> ImageFile.ImageFile:
    """Open a picture like `Image.open`, which may also be HEIC; the format is detected from the content.

    Raises:
        PhotoError: `unreadable`; the file is HEIC and the extra is not installed.
        UnidentifiedImageError: the file is not a picture in a supported format.
    """
    try:
        return Image.open(path)
    except UnidentifiedImageError:
        if not is_heif(path):
            raise
    try:
        require("heif", "reading HEIC photos")
    except MissingDependency as error:
        raise PhotoError("unreadable", f"{path.name}: {error}; or save it as JPEG first") from error
    import pillow_heif

    pillow_heif.register_heif_opener()
    return Image.open(path)


def is_heif(path: Path) -> bool:
    """Return True if a file begins like HEIF."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:] in _BRANDS
