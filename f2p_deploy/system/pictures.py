"""Write pictures atomically, and as bytes."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole

#: Suffixes of the picture formats that can be written.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def check_picture_path(path: Path) -> None:
    """Check that a picture can be written to a path.

    Raises:
        InputError: the suffix is not one of `SUFFIXES`, the path is a folder, or its parent folder is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"a picture's name must end in {', '.join(SUFFIXES)}, found {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file with -o")
    if not path.absolute().parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.absolute().parent}")


def write_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write an (H, W, 3) uint8 RGB picture atomically, in the format of the suffix.

    Raises:
        InputError: see `check_picture_path`, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    content = io.BytesIO()
    form = {".png": "PNG", ".webp": "WEBP"}.get(path.suffix.lower(), "JPEG")
    Image.fromarray(picture).save(content, form)
    write_whole(path, content.getvalue())


def png_bytes(picture: np.ndarray) -> bytes:
    """Return an (H, W, 3) uint8 RGB picture as a PNG file, compressed fast rather than well."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=1)
    return content.getvalue()
