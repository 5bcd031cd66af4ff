"""Pictures are written whole or not at all, in the format that their suffix says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.pictures import check_picture_path, write_picture

GREY = np.full((24, 32, 3), 128, np.uint8)


NAMES = {"a.png": "PNG", "a.jpg": "JPEG", "a.JPEG": "JPEG", "a.webp": "WEBP"}


@pytest.mark.parametrize(("name", "form"), NAMES.items())
def test_the_suffix_says_the_format(tmp_path: Path, name: str, form: str) -> None:
    write_picture(str(tmp_path / name), GREY)
    with Image.open(tmp_path / name) as picture:
        assert (picture.size, picture.format) == ((32, 24), form)
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - 128).max() <= 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.gif", "a picture's name must end in .png"),
        ("folder.png", "is a folder"),
        ("gone/a.png", "there is no folder"),
    ],
)
def test_names_that_no_picture_can_have(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=sentence):
        check_picture_path(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=sentence):
        write_picture(tmp_path / name, GREY)
    assert sorted(tmp_path.rglob("*")) == before
