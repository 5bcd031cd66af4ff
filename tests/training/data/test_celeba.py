"""CelebA's layouts: the original one, torchvision's and Kaggle's, with damaged tables said line by line."""

from pathlib import Path

import pytest

from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.celeba import attributes_of, partition_of, photo_folder, without_attributes

NAMES = "5_o_Clock_Shadow Blurry Eyeglasses Male Wearing_Hat Young"
ROWS = ("-1 -1  1  1 -1  1", "-1  1 -1 -1 -1 -1", " 1 -1 -1  1  1 -1", "-1 -1 -1 -1 -1  1")


def write_celeba(root: Path, layout: str, photos: str = "img_celeba") -> Path:
    """Write four empty photos and their tables; return the folder of the photos."""
    above, annotations, parts = (root / name if layout == "original" else root for name in ("Img", "Anno", "Eval"))
    folder = above / photos
    for path in (folder, annotations, parts):
        path.mkdir(parents=True, exist_ok=True)
    names = [f"{i:06d}.jpg" for i in range(1, 5)]
    for name in names:
        (folder / name).touch()
    if layout == "kaggle":
        rows = [f"{name},{','.join(row.split())}\n" for name, row in zip(names, ROWS, strict=True)]
        (root / "list_attr_celeba.csv").write_text(f"image_id,{NAMES.replace(' ', ',')}\n{''.join(rows)}")
        rows = [f"{name},{part}\n" for name, part in zip(names, "0012", strict=True)]
        (root / "list_eval_partition.csv").write_text("image_id,partition\n" + "".join(rows))
    else:
        rows = [f"{name} {row}\r\n" for name, row in zip(names, ROWS, strict=True)]
        (annotations / "list_attr_celeba.txt").write_bytes(f"4\r\n{NAMES} \r\n{''.join(rows)}".encode())
        rows = [f"{name} {part}\n" for name, part in zip(names, "0012", strict=True)]
        (parts / "list_eval_partition.txt").write_text("".join(rows))
    return folder


@pytest.mark.parametrize(
    ("layout", "photos"),
    [
        ("original", "img_celeba"),
        ("original", "img_align_celeba"),
        ("torchvision", "img_align_celeba"),
        ("torchvision", "img_align_celeba_png"),
        ("kaggle", "img_align_celeba/img_align_celeba"),
    ],
)
def test_every_layout_is_recognised_by_its_root_and_by_its_photos(layout: str, photos: str, tmp_path: Path) -> None:
    folder = write_celeba(tmp_path, layout, photos)
    assert photo_folder(tmp_path) == folder and photo_folder(folder) == folder
    files = sorted(folder.iterdir())
    assert [partition_of(file) for file in files] == ["training", "training", "validation", "test"]
    for named in (tmp_path, folder):
        table = attributes_of(named)
        assert table is not None and table.names == tuple(NAMES.split())
        assert [table.of(file)["Male"] for file in files] == [True, False, True, False]
        assert table.of(files[0])["Eyeglasses"] and not table.of(files[0])["Blurry"]
        assert table.of(folder / "999999.jpg") == {}
    assert [file.stem for file in without_attributes(files, ["Blurry", "Wearing_Hat"])] == ["000001", "000004"]


def test_the_larger_photos_are_taken_and_a_row_of_another_suffix_is_the_same_photo(tmp_path: Path) -> None:
    write_celeba(tmp_path, "original", "img_align_celeba")
    wild = write_celeba(tmp_path, "original")
    assert photo_folder(tmp_path) == wild
    assert partition_of(wild / "000004.png") == "test"


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    write_celeba(tmp_path, "original")
    other = tmp_path / "Img" / "friends"
    other.mkdir()
    assert photo_folder(other) == other and attributes_of(other) is None
    assert partition_of(other / "000004.jpg") is None
    assert without_attributes([other / "000002.jpg"], ["Blurry"]) == [other / "000002.jpg"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("000001.jpg -1\n", "should begin with the number of photos and a line of names"),
        ("1\nBlurry Male\n000001.jpg -1 yes\n", "line 3 should be a photo and 2 values 1 or -1, found 'yes'"),
        ("1\nBlurry Male\n000001.jpg -1\n", "line 3 should be a photo and 2 values 1 or -1, found 1 values"),
        ("", "should begin with the number"),
        (b"1\nBlurry\n\xff\xfe -1\n", "it is not text in UTF-8"),
    ],
)
def test_a_damaged_table_is_one_sentence(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    folder = write_celeba(tmp_path, "original")
    path = tmp_path / "Anno" / "list_attr_celeba.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=f"{path.name}.*{sentence}"):
        attributes_of(folder)
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 7\n")
    with pytest.raises(InputError, match="list_eval_partition.txt, line 2 should be a photo and 0, 1 or 2"):
        partition_of(folder / "000001.jpg")


def test_a_table_cut_short_is_a_warning_and_an_unknown_attribute_a_suggestion(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_celeba(tmp_path, "original")
    path = tmp_path / "Anno" / "list_attr_celeba.txt"
    path.write_text("202599\nBlurry Male\n a photo.jpg -1  1\n")
    table = attributes_of(folder)
    assert table is not None and table.of(folder / "a photo.jpg") == {"Blurry": False, "Male": True}
    assert "holds 1 photos, its first line says 202599" in caplog.text
    with pytest.raises(InputError, match="no attribute 'Blury'. Did you mean 'Blurry'"):
        without_attributes([folder / "000001.jpg"], ["Blury"])
