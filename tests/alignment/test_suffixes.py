"""The suffixes of photos: those that Pillow reads, and those that it reads with another package."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment.photo import read_photo
from f2p_deploy.alignment.suffixes import SUFFIXES

#: Formats in which Pillow can write three channels, and their suffixes.
_WRITTEN = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi"),
    "MPO": (".mpo",),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TGA": (".tga",),
    "QOI": (".qoi",),
}


@pytest.mark.parametrize("form", _WRITTEN)
def test_a_photo_of_each_ending_is_read(tmp_path: Path, astronaut: np.ndarray, form: str) -> None:
    if form not in Image.SAVE and not Image.init() and form not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {form}")
    Image.fromarray(astronaut).save(tmp_path / "written", form)
    for suffix in _WRITTEN[form]:
        assert suffix in SUFFIXES
        photo = read_photo((tmp_path / "written").rename(tmp_path / f"photo{suffix}"))
        (tmp_path / f"photo{suffix}").rename(tmp_path / "written")
        assert photo.shape == astronaut.shape and np.abs(photo.astype(int) - astronaut).mean() < 6, suffix


def test_no_other_ending_is_promised() -> None:
    Image.init()
    opened = {suffix for suffix, form in Image.registered_extensions().items() if form in Image.OPEN}
    read_by_content = {".jif", ".jfi", ".mpo"}
    with_a_package_more = {".heic", ".heif", ".hif", ".heics", ".heifs", ".jxl"}
    assert set(SUFFIXES) - opened <= read_by_content | with_a_package_more | {".avif", ".avifs"}
    assert not set(SUFFIXES) & {".pdf", ".eps", ".ps", ".wmf", ".mpg", ".ico", ".h5"}
