"""The calibration set's folder: it reads back complete, and changed files are refused by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.export.calibration.calibration_set import (
    CONTACT_SHEET,
    FILE,
    read_calibration_set,
    store_calibration_set,
)
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError

Make = Callable[..., Path]


def change(folder: Path, **values: object) -> None:
    data = json.loads((folder / FILE).read_text())
    (folder / FILE).write_text(json.dumps(data | values))


def test_faces_come_back_in_the_order_of_their_hashes(
    make_calibration_set: Make, small_bundle: Bundle, tmp_path: Path
) -> None:
    folder = make_calibration_set(tmp_path / "set")
    found = read_calibration_set(folder)
    keys = [face.sha256 for face in found.faces]
    assert found.count == 64 and keys == sorted(keys) and len(found.hash) == 64
    images = found.images()
    assert images.shape == (64, 3, 128, 128) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1 and images.std() > 0.1
    np.testing.assert_array_equal(images[5], found.image(5))
    found.require_made_for(small_bundle)
    assert (folder / CONTACT_SHEET).is_file()
    assert json.loads((folder / FILE).read_text())["hash"] == found.hash


def test_another_bundle_and_another_size_are_refused(
    make_calibration_set: Make, small_bundle: Bundle, tmp_path: Path
) -> None:
    found = read_calibration_set(make_calibration_set(tmp_path / "set"))
    with pytest.raises(InputError, match=r"was made for the bundle other .*, not for small .*--bundle"):
        replace(found, bundle="other", bundle_fingerprint="0" * 64).require_made_for(small_bundle)
    with pytest.raises(InputError, match="has faces of 256 pixels, the bundle small takes 128: make it again: f2p-dep"):
        replace(found, image_size=256).require_made_for(small_bundle)


def test_photos_that_changed_are_named_and_lost_ones_are_no_matter(
    make_calibration_set: Make, small_bundle: Bundle, tmp_path: Path
) -> None:
    found = read_calibration_set(make_calibration_set(tmp_path / "set"))
    photo = Path(found.faces[0].photo)
    photo.write_bytes(photo.read_bytes() + b"\0")
    with pytest.raises(InputError, match=r"photo\.png and 63 other photos changed since the calibration set"):
        found.require_made_for(small_bundle)
    photo.unlink()
    found.require_made_for(small_bundle)


def test_damage_is_named(make_calibration_set: Make, tmp_path: Path) -> None:
    folder = make_calibration_set(tmp_path / "set")
    name = read_calibration_set(folder).faces[3].file
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=f"damaged: {name} is not an image, or is truncated; make it again: f2p"):
        read_calibration_set(folder)
    Image.new("RGB", (128, 128)).save(folder / name)
    with pytest.raises(InputError, match=f"{name} has other pixels"):
        read_calibration_set(folder)
    Image.new("RGB", (64, 64)).save(folder / name)
    with pytest.raises(InputError, match=f"{name} has 64x64 pixels instead of 128x128"):
        read_calibration_set(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        read_calibration_set(folder)


def test_sixty_three_faces_are_too_few(make_calibration_set: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 63 faces, at least 64 are needed"):
        read_calibration_set(make_calibration_set(tmp_path / "set", 63))


def test_a_folder_that_is_no_set_is_refused(make_calibration_set: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder\. f2p-deploy calibrate PHOTOS -o .* makes one"):
        read_calibration_set(tmp_path / "nowhere")
    folder = make_calibration_set(tmp_path / "set")
    change(folder, format=9)
    with pytest.raises(InputError, match="format version 9, this f2p-deploy reads version 1"):
        read_calibration_set(folder)
    (folder / FILE).write_text("{")
    with pytest.raises(InputError, match="is not JSON at line 1, column 2, so it is damaged"):
        read_calibration_set(folder)


def test_a_face_list_that_was_changed_and_a_path_that_leads_out_are_refused(
    make_calibration_set: Make, tmp_path: Path
) -> None:
    folder = make_calibration_set(tmp_path / "set", 65)
    data = json.loads((folder / FILE).read_text())
    change(folder, faces=data["faces"][1:])
    with pytest.raises(InputError, match="its faces do not match its hash"):
        read_calibration_set(folder)
    data["faces"][0]["file"] = "../../face.png"
    change(folder, faces=data["faces"])
    with pytest.raises(InputError, match="names a face outside its folder"):
        read_calibration_set(folder)


@pytest.mark.parametrize("values", [{"faces": 7}, {"faces": [3]}, {"image_size": "large"}, {"file": 3}, {"sha256": 3}])
def test_values_of_another_kind_are_refused(make_calibration_set: Make, tmp_path: Path, values: dict) -> None:
    folder = make_calibration_set(tmp_path / "set")
    face = json.loads((folder / FILE).read_text())["faces"][0]
    change(folder, **(values if set(values) <= {"faces", "image_size"} else {"faces": [face | values]}))
    with pytest.raises(InputError, match="is not that of a calibration set"):
        read_calibration_set(folder)


def test_a_folder_of_something_else_is_not_replaced(make_calibration_set: Make, tmp_path: Path) -> None:
    found = read_calibration_set(make_calibration_set(tmp_path / "set"))
    other = tmp_path / "holiday"
    other.mkdir()
    (other / "photo.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a calibration set, so it is not replaced"):
        store_calibration_set(replace(found, folder=other), {})
    assert [path.name for path in other.iterdir()] == ["photo.txt"]
