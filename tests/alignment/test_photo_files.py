"""The search for photos in files and folders, and its report on other files."""

import os
from pathlib import Path

import pytest

from f2p_deploy.alignment.photo_files import expand, find
from f2p_deploy.system.errors import InputError


def _touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_folder_gives_its_photos_by_name(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "b.PNG", "a.jpg", ".hidden.jpg", "notes.txt")
    (folder / "inner.png").mkdir()
    assert [path.name for path in expand([folder])] == ["a.jpg", "b.PNG"]


def test_each_photo_is_taken_once_in_the_order_named(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg", "y.jpg")
    assert [path.name for path in expand([folder / "y.jpg", folder, folder / "x.jpg"])] == ["y.jpg", "x.jpg"]


def test_a_missing_file_beside_others_stays_to_be_reported(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg")
    assert expand([tmp_path / "no.jpg", folder / "x.jpg"])[0] == tmp_path / "no.jpg"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file .*no.jpg, or any of the 1 others"):
        expand([tmp_path / "no.jpg", tmp_path / "neither.jpg"])
    with pytest.raises(InputError, match="has no photo directly in it"):
        expand([_touch(tmp_path / "texts", "notes.txt")])
    with pytest.raises(InputError, match="no photo was named"):
        expand([])


@pytest.mark.parametrize("name", ["a.jfif", "a.JIF", "a.mpo", "a.apng", "a.avif", "a.heic", "a.jxl", "a.jp2", "a.tga"])
def test_what_browsers_and_telephones_call_a_photo_is_one(tmp_path: Path, name: str) -> None:
    assert [path.name for path in expand([_touch(tmp_path / "a", name)])] == [name]


def test_what_is_left_out_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = _touch(tmp_path / "a", "x.jpg", "notes.txt", ".hidden.jpg", "scan\n.pdf")
    _touch(folder / "inside", "y.jpg")
    found = find([folder])
    assert found.sentences == (
        "3 files were not taken as photos: .hidden.jpg, notes.txt, scan\\n.pdf.",
        "1 folder was not looked into: inside; --recursive looks into them.",
    )
    expand([folder])
    assert "3 files were not taken as photos: .hidden.jpg" in caplog.text
    assert find([folder, folder / "notes.txt"]).not_taken == (folder / ".hidden.jpg", folder / "scan\n.pdf")
    many = _touch(tmp_path / "many", "x.jpg", *(f"{i:02}.txt" for i in range(20)))
    assert find([many]).sentences[0].endswith("05.txt, 06.txt, 07.txt and 12 more.")
    assert find([_touch(tmp_path / "clean", "x.jpg")]).sentences == ()


def test_folders_inside_of_folders(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "z.jpg")
    _touch(folder / "b", "y.jpg", "notes.txt")
    _touch(folder / "b" / "c", "x.jpg")
    _touch(folder / ".cache", "thumb.jpg")
    _touch(folder / "out", "index.jpg")
    _touch(folder / "old", "photo.jpg", "parameters.json", "result.json")  # a character of an earlier run
    (folder / "loop").symlink_to(folder)
    found = find([folder], recursive=True, out=folder / "out")
    assert [path.name for path in found.photos] == ["z.jpg", "y.jpg", "x.jpg"]
    assert [path.name for path in found.not_taken] == ["notes.txt"]
    assert found.sentences[1] == "2 folders were not looked into: .cache, loop."


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_files_that_are_none_are_named_or_reported(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "gone.jpg").symlink_to("nowhere")
    found = find([folder])
    assert [path.name for path in found.photos] == ["gone.jpg", "x.jpg"]
    assert [path.name for path in found.not_taken] == ["pipe.jpg"]
    assert find([Path("q" * 300), folder / "x.jpg"]).photos[0] == Path("q" * 300)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not stop the administrator")
def test_a_folder_inside_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg")
    (folder / "locked").mkdir(mode=0o000)
    found = find([folder], recursive=True)
    assert len(found.photos) == 1 and "locked could not be looked into: Permission denied" in found.sentences[-1]
