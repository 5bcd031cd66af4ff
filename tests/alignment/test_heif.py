"""HEIC photos: read with the extra; without it, an error names the command that installs it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from f2p_deploy.alignment.heif import is_heif, open_picture
from f2p_deploy.alignment.photo import read_photo
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.system.extras import EXTRAS


@pytest.fixture
def heic(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """Return the astronaut as HEIC in an iPhone's form, turned by EXIF."""
    pillow_heif = pytest.importorskip("pillow_heif")
    turned = Image.Exif()
    turned[0x0112] = 6
    pillow_heif.from_pillow(Image.fromarray(np.rot90(astronaut))).save(tmp_path / "a.heic", exif=turned.tobytes())
    return tmp_path / "a.heic"


def test_a_photo_is_read_upright_whatever_it_is_called(heic: Path, astronaut: np.ndarray) -> None:
    assert is_heif(heic)
    for path in (heic, heic.with_name("sent-on.jpg")):
        path.write_bytes(heic.read_bytes())
        assert np.abs(read_photo(path).astype(int) - astronaut).mean() < 6


def test_a_damaged_one_is_refused(heic: Path) -> None:
    heic.write_bytes(heic.read_bytes()[:2000])
    with pytest.raises(PhotoError) as caught:
        read_photo(heic)
    assert caught.value.reason == "unreadable" and str(caught.value).startswith("a.heic: ")


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_without_the_extra_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brand: bytes
) -> None:
    monkeypatch.setitem(EXTRAS, "heif", ("no_such_module",))
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic")
    with pytest.raises(PhotoError, match="a.jpg: reading HEIC photos needs no_such_module.*install .*heif") as caught:
        read_photo(path)
    assert caught.value.reason == "unreadable" and str(caught.value).endswith("or save it as JPEG first")


@pytest.mark.parametrize("content", [b"", b"ftypheic", b"\0\0\0\x18ftypisom", b"<html>"])
def test_what_is_something_else_is_not_taken_for_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.heic").write_bytes(content)
    assert not is_heif(tmp_path / "a.heic")
    with pytest.raises(UnidentifiedImageError):
        open_picture(tmp_path / "a.heic", "a.heic")


def test_jpeg_xl_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "a.jxl").write_bytes(b"\xff\x0a" + bytes(100))
    with pytest.raises(PhotoError, match="a.jxl: this is not a picture in a supported format; save it as JPEG first"):
        read_photo(tmp_path / "a.jxl")
