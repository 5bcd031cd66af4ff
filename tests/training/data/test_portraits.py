import hashlib
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import MediaPipeFinder  # noqa: E402
from f2p_deploy.character.face import HELEN_CLASSES  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.portraits import is_held_out, list_photos, load_portraits  # noqa: E402


class NoFinder:
    """A finder that fails the test if it is used."""

    def find(self, image, name=None):
        raise AssertionError("aligned again although nothing changed")


def test_photos_are_aligned_labelled_and_kept(photo, landmarker, tmp_path) -> None:
    (photo.parent / "broken.jpg").write_text("not a picture")
    cache, template = tmp_path / "kept" / "faces", AlignmentTemplate()
    made = load_portraits([photo.parent], MediaPipeFinder(landmarker), template, 128, cache)
    assert made.names == ("photos/astronaut.png",) and made.pictures.shape == (1, 128, 128, 3)
    y, x = np.nonzero(made.regions[0] == HELEN_CLASSES.index("left-eye"))
    assert (x.mean() / 128, y.mean() / 128) == pytest.approx(template.landmarks["left-eye"], abs=0.03)
    assert abs(made.yaw[0]) < 10 and made.images(np.array([0])).shape == (1, 3, 128, 128)
    again = load_portraits([photo.parent], NoFinder(), template, 128, cache)
    np.testing.assert_array_equal(again.pictures[:], made.pictures[:])
    assert made.sharpness is not None and made.sharpness[0] > 0.0
    assert made.eye_distance is not None and made.eye_distance[0] > 55.0
    with pytest.raises(AssertionError, match="aligned again"):
        load_portraits([photo.parent], NoFinder(), template, 64, cache)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_of_any_bytes_and_every_ending_of_a_photo(photo, landmarker, tmp_path) -> None:
    name = photo.with_name(os.fsdecode(b"caf\xe9.jfif"))
    photo.rename(name)
    made = [
        load_portraits([name.parent], finder, AlignmentTemplate(), 128, tmp_path / "kept").names
        for finder in (MediaPipeFinder(landmarker), NoFinder())
    ]
    assert made == [(f"photos/{name.name}",)] * 2
    assert is_held_out("photos/写.jpg") == (hashlib.sha256("photos/写.jpg".encode()).digest()[0] % 8 == 0)


def test_folders_without_photos_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match="no photos"):
        list_photos([tmp_path])
    with pytest.raises(InputError, match="is not a folder of photos"):
        list_photos([tmp_path / "nowhere"])


def test_photos_without_a_face_are_said_to_be_useless(tmp_path, landmarker) -> None:
    (tmp_path / "broken.jpg").write_text("not a picture")
    with pytest.raises(InputError, match="none of the 1 photos"):
        load_portraits([tmp_path], MediaPipeFinder(landmarker), AlignmentTemplate(), 128, tmp_path / "kept")


def test_an_evaluation_looks_at_a_part_of_many_held_out_photos(disc_portraits, monkeypatch) -> None:
    np.testing.assert_array_equal(disc_portraits.measured, disc_portraits.held_out)
    assert len(disc_portraits.held_out) > 3
    monkeypatch.setattr("f2p_deploy.training.data.portraits.MEASURED", 3)
    held_out, measured = disc_portraits.held_out, disc_portraits.measured
    assert len(measured) == 3 and measured[0] == held_out[0] and measured[-1] == held_out[-1]
