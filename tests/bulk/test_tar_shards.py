"""Tar files in WebDataset's layout: keys, choice of the picture, damage."""

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from f2p_deploy.bulk.photo_refs import MOST_BYTES, PhotoRef
from f2p_deploy.bulk.tar_shards import TarShards

Write = Callable[[Path, Mapping[str, bytes]], Path]


def read_all(source: TarShards, refs: list[PhotoRef]) -> list[bytes | None]:
    """Return the contents of photos."""
    with source.reader() as reader:
        return [reader.read(ref).content for ref in refs]


def test_a_key_is_one_photo_whatever_else_it_has(write_tar: Write, tmp_path: Path) -> None:
    members = {"a/0.json": b"{}", "a/0.png": b"png", "a/0.jpg": b"jpg", "a/0.seg.png": b"no", "1.WEBP": b"webp"}
    write_tar(tmp_path / "0.tar", members | {"2.txt": b"text", "readme": b"no"})
    write_tar(tmp_path / "1.tar", {"1.jpeg": b"jpeg", "3.x.jpg": b"no"})
    source = TarShards(tmp_path, ("0.tar", "1.tar"))
    refs = list(source.refs(pytest.fail))
    assert [(ref.index, ref.shard, ref.key, ref.size) for ref in refs] == [
        (0, "0.tar", "a/0", 3), (1, "0.tar", "1", 4), (2, "1.tar", "1", 4),
    ]  # fmt: skip
    assert read_all(source, refs) == [b"jpg", b"webp", b"jpeg"]
    assert read_all(source, refs[::-1]) == [b"jpeg", b"webp", b"jpg"]
    assert source.shards() == tuple((name, (tmp_path / name).stat().st_size) for name in ("0.tar", "1.tar"))


def test_of_a_shard_cut_short_the_photos_before_are_taken(write_tar: Write, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "0.tar", {f"{i}.jpg": bytes([i]) * 2000 for i in range(5)})
    path.write_bytes(path.read_bytes()[: 512 + 2048 + 512 + 2048 + 512 + 100])
    write_tar(tmp_path / "1.tar", {"9.jpg": b"nine"})
    source, told = TarShards(tmp_path, ("0.tar", "1.tar")), list[str]()
    refs = list(source.refs(told.append))
    assert [ref.key for ref in refs] == ["0", "1", "2", "9"]
    assert [len(content or b"") for content in read_all(source, refs)] == [2000, 2000, 100, 4]
    assert told == [f"{path}: the tar file is damaged or incomplete; 3 photos before that are taken"]


def test_a_damaged_header_ends_its_shard(write_tar: Write, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "0.tar", {f"{i}.jpg": b"x" for i in range(4)})
    content = bytearray(path.read_bytes())
    content[1024 + 100 : 1024 + 140] = b"\xff" * 40
    path.write_bytes(content)
    told = list[str]()
    assert [ref.key for ref in TarShards(tmp_path, ("0.tar",)).refs(told.append)] == ["0"]
    assert told == [f"{path}: the tar file is damaged or incomplete; 1 photo before that is taken"]


def test_files_that_are_no_tar_files_are_told(write_tar: Write, tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_bytes(b"this is text" * 100)
    (tmp_path / "empty.tar").touch()
    whole = write_tar(tmp_path / "whole", {"0.jpg": b"x"}).read_bytes()
    (tmp_path / "zipped.tar").write_bytes(gzip.compress(whole))
    told = list[str]()
    names = ("text.tar", "empty.tar", "zipped.tar", "gone.tar")
    assert list(TarShards(tmp_path, names).refs(told.append)) == []
    assert [sentence.partition(".tar: ")[2] for sentence in told] == [
        "the tar file is damaged or incomplete; none of its photos was taken",
        "the file is empty",
        "it is compressed, and its photos cannot be reached one by one: gunzip it first",
        "the tar file is damaged or incomplete; none of its photos was taken",
    ]


def test_a_photo_that_is_too_large_or_gone_is_told(tmp_path: Path) -> None:
    source = TarShards(tmp_path, ("gone.tar",))
    with source.reader() as reader:
        contents = [reader.read(PhotoRef(0, "gone.tar", "a", 512, size)) for size in (MOST_BYTES + 1, 5)]
    assert [content.error.reason for content in contents if content.error] == ["too-large", "unreadable"]


def test_the_same_name_twice_is_two_photos(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        members = (("a.jpg", b"one"), ("a.json", b"{}"), ("a.jpg", b"two"), ("a.png", b"x"), ("b.jpg", b"b"))
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    source = TarShards(tmp_path, ("0.tar",))
    refs = list(source.refs(pytest.fail))
    assert [ref.key for ref in refs] == ["a", "a", "b"] and read_all(source, refs) == [b"one", b"two", b"b"]
