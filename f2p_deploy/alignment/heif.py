"""HEIC photos, as iPhones make them: Pillow opens them where the extra `heif` is installed."""

from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

from f2p_deploy.system.errors import MissingDependency, PhotoError
from f2p_deploy.system.extras import require

#: Brands of HEIF files (ISO/IEC 23008-12) whose pictures are coded as HEVC, or as anything.
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def open_picture(path: Path) -> ImageFile.ImageFile:
    """Open a picture as `Image.open` does, and HEIC besides, whatever the file is called.

    Raises:
        PhotoError: `unreadable`; HEIC, and the extra is not installed.
        UnidentifiedImageError: no picture that is read here.
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
    """Tell by a file's first bytes whether it is HEIF."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:] in _BRANDS
