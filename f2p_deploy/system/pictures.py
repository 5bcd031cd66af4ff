"""Writes pictures, whole or not at all."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole

#: Suffixes of pictures that are written.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def check_picture_path(path: Path) -> None:
    """Raise unless a picture can be written under this name.

    Raises:
        InputError: a suffix that is not a picture's, a folder, or no folder to write into.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"a picture's name ends in {', '.join(SUFFIXES)}, found {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file with -o")
    if not path.absolute().parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.absolute().parent}")


def write_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write an (H, W, 3) uint8 picture, whole or not at all; the suffix says in which format.

    Raises:
        InputError: see `check_picture_path`, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    content = io.BytesIO()
    form = {".png": "PNG", ".webp": "WEBP"}.get(path.suffix.lower(), "JPEG")
    Image.fromarray(picture).save(content, form)
    write_whole(path, content.getvalue())
