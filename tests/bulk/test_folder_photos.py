"""A folder of photos: keys, order, and files that cannot be read."""

import os
import sys
from pathlib import Path

import pytest

from f2p_deploy.bulk.folder_photos import FolderPhotos
from f2p_deploy.bulk.photo_refs import MOST_BYTES
from f2p_deploy.system.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a subfolder; the photos hold their names."""
    for name in ("b.jpg", "a.png", "notes.txt", "sub/c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def test_photos_are_sorted_and_named_by_their_path(folder: Path) -> None:
    refs = list(FolderPhotos(folder).refs(pytest.fail))
    assert [(ref.index, ref.key, ref.size) for ref in refs] == [(0, "a.png", 5), (1, "b.jpg", 5)]
    deep = FolderPhotos(folder, recursive=True)
    refs = list(deep.refs(pytest.fail))
    assert [ref.key for ref in refs] == ["a.png", "b.jpg", "sub/c.jpg"] and not refs[0].in_shard
    with deep.reader() as reader:
        assert [reader.read(ref).content for ref in refs] == [b"a.png", b"b.jpg", b"sub/c.jpg"]


def test_photos_that_are_gone_or_too_large_are_told(folder: Path) -> None:
    source = FolderPhotos(folder)
    one, two = source.refs(pytest.fail)
    (folder / "a.png").unlink()
    with (folder / "b.jpg").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert [error.reason for error in (source.read(one).error, source.read(two).error) if error] == [
        "unreadable", "too-large",
    ]  # fmt: skip
    with pytest.raises(InputError, match="has no photo directly in it"):
        list(FolderPhotos(folder / "sub" / "..").refs(pytest.fail)) and (folder / "b.jpg").unlink()
        list(FolderPhotos(folder).refs(pytest.fail))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_read(folder: Path) -> None:
    with open(os.path.join(os.fsencode(folder), b"caf\xe9.jpg"), "wb") as file:
        file.write(b"coffee")
    source = FolderPhotos(folder)
    ref = list(source.refs(pytest.fail))[-1]
    assert ref.key == "caf\\xe9.jpg" and source.read(ref).content == b"coffee"
