import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import MediaPipeFinder  # noqa: E402
from f2p_deploy.character.face import HELEN_CLASSES  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.front_view import FrontView  # noqa: E402
from f2p_deploy.training.data.portraits import (  # noqa: E402
    is_held_out,
    list_photos,
    load_portraits,
    photo_is_held_out,
)


class NoFinder:
    """A finder that fails the test if it is used."""

    def find(self, image, name=None):
        raise AssertionError("aligned again although nothing changed")


def test_photos_are_aligned_labelled_and_kept(photo, landmarker, tmp_path, caplog) -> None:
    (photo.parent / "broken.jpg").write_text("not a picture")
    cache, template = tmp_path / "kept" / "faces", AlignmentTemplate()
    made = load_portraits([photo.parent], MediaPipeFinder(landmarker), template, 128, cache)
    assert made.names == ("photos/astronaut.png",) and made.pictures.shape == (1, 128, 128, 3)
    y, x = np.nonzero(made.regions[0] == HELEN_CLASSES.index("left-eye"))
    assert (x.mean() / 128, y.mean() / 128) == pytest.approx(template.landmarks["left-eye"], abs=0.03)
    assert abs(made.yaw[0]) < 10 and made.images(np.array([0])).shape == (1, 3, 128, 128)
    again = load_portraits([photo.parent], NoFinder(), template, 128, cache)
    np.testing.assert_array_equal(again.pictures[:], made.pictures[:])
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1, "of both calls"
    assert warnings[0].startswith("1 of 2 photos were left out: broken.jpg: this is not a picture")
    assert "index.jsonl, each with its reason" in warnings[0]
    assert made.pitch is not None and abs(made.pitch[0]) < 20 and made.sharpness is not None and made.sharpness[0] > 0.0
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


def test_a_long_list_of_what_was_left_out_is_cut(tmp_path, landmarker, photo, caplog) -> None:
    for i in range(5):
        (photo.parent / f"bad{i}.jpg").write_bytes(photo.read_bytes()[: 100 + i])
    load_portraits([photo.parent], MediaPipeFinder(landmarker), AlignmentTemplate(), 64, tmp_path / "kept")
    assert "5 of 6 photos were left out: bad0.jpg" in caplog.text and "bad2.jpg" in caplog.text
    assert "bad3.jpg" not in caplog.text and "; and 2 more. All are in" in caplog.text


def test_celeba_s_attributes_and_partition_are_heeded(photo, landmarker, tmp_path, caplog) -> None:
    folder = tmp_path / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for i in (1, 2, 3):
        (folder / f"{i:06d}.png").write_bytes(photo.read_bytes())
    (tmp_path / "celeba" / "list_attr_celeba.txt").write_text(
        "3\nBlurry Male \n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg -1 -1\n"
    )
    (tmp_path / "celeba" / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 0\n000003.jpg 2\n")
    folders, finder = [tmp_path / "celeba"], MediaPipeFinder(landmarker)
    made = load_portraits(folders, finder, AlignmentTemplate(), 64, tmp_path / "kept", without=["Blurry"])
    assert made.names == ("img_align_celeba/000001.png", "img_align_celeba/000003.png")
    assert made.training.tolist() == [0] and made.held_out.tolist() == [1]
    assert "1 of 3 photos have an attribute that is left out (Blurry)" in caplog.text
    assert photo_is_held_out(folder / "000003.png") and not photo_is_held_out(folder / "000001.png")
    for i in (1, 3):
        (folder / f"{i:06d}.png").unlink()
    with pytest.raises(InputError, match=r"all 1 photos of .*celeba have an attribute that is left out \(Blurry\)"):
        load_portraits(folders, finder, AlignmentTemplate(), 64, tmp_path / "kept", without=["Blurry"])


def test_front_views_are_those_within_the_limits(disc_portraits) -> None:
    size = np.full(40, 60.0, np.float32)
    size[disc_portraits.training[0]] = 35.0
    with_sizes = replace(disc_portraits, eye_distance=size)
    assert with_sizes.frontal.tolist() == disc_portraits.training[1:].tolist()
    assert replace(with_sizes, front_view=FrontView(eye_distance=30.0)).frontal.size == disc_portraits.training.size


def test_an_evaluation_looks_at_a_part_of_many_held_out_photos(disc_portraits, monkeypatch) -> None:
    np.testing.assert_array_equal(disc_portraits.measured, disc_portraits.held_out)
    assert len(disc_portraits.held_out) > 3
    monkeypatch.setattr("f2p_deploy.training.data.portraits.MEASURED", 3)
    held_out, measured = disc_portraits.held_out, disc_portraits.measured
    assert len(measured) == 3 and measured[0] == held_out[0] and measured[-1] == held_out[-1]
