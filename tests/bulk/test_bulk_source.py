"""What a path holds, and the survey of its photos."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from f2p_deploy.bulk.bulk_source import open_bulk_source, survey
from f2p_deploy.bulk.folder_photos import FolderPhotos
from f2p_deploy.bulk.parquet_shards import ParquetShards
from f2p_deploy.bulk.tar_shards import TarShards
from f2p_deploy.system.errors import InputError

Write = Callable[[Path, Mapping[str, bytes]], Path]


def write_parquet(path: Path, column: str = "image") -> Path:
    """Write two rows."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({column: [b"one", b"two"], "id": ["a", "b"]}), path)
    return path


def test_each_kind_is_recognised(write_tar: Write, tmp_path: Path) -> None:
    for name in ("photos", "tars/deep", "tables"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").touch()
    tar = write_tar(tmp_path / "tars" / "1.tar", {"a.jpg": b"x"})
    write_tar(tmp_path / "tars" / "deep" / "0.tar", {"a.jpg": b"x"})
    table = write_parquet(tmp_path / "tables" / "a.parquet")
    assert open_bulk_source(tmp_path / "photos") == FolderPhotos(tmp_path / "photos")
    assert open_bulk_source(tar) == open_bulk_source(tar.parent) == TarShards(tar.parent, ("1.tar",))
    both = ("1.tar", os.path.join("deep", "0.tar"))
    assert open_bulk_source(tar.parent, recursive=True) == TarShards(tar.parent, both)
    assert open_bulk_source(table, key="id") == ParquetShards(table.parent, ("a.parquet",), "image", "id")
    broken = table.parent / "0.parquet"
    broken.write_bytes(b"cut")
    assert open_bulk_source(table.parent) == ParquetShards(table.parent, ("0.parquet", "a.parquet"), "image")


def test_what_is_no_source_is_refused(write_tar: Write, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.touch()
    with pytest.raises(InputError, match="there is no file or folder .*gone"):
        open_bulk_source(tmp_path / "gone")
    with pytest.raises(InputError, match="notes.txt is no folder, no .tar file and no .parquet file"):
        open_bulk_source(text)
    with pytest.raises(InputError, match="has no photo directly in it"):
        survey(open_bulk_source(tmp_path))
    tar = write_tar(tmp_path / "a.tar", {"a.txt": b"x"})
    with pytest.raises(InputError, match="there is no photo in the tar shards"):
        survey(open_bulk_source(tar))
    with pytest.raises(InputError, match="--column is for Parquet files"):
        open_bulk_source(tar, column="image")
    (tmp_path / "face.jpg").touch()
    with pytest.raises(InputError, match=r"holds .tar files and photos, such as face.jpg"):
        open_bulk_source(tmp_path)
    (tmp_path / "b.parquet").touch()
    with pytest.raises(InputError, match="holds .tar and .parquet files"):
        open_bulk_source(tmp_path)
    with pytest.raises(InputError, match="b.parquet: this is no Parquet file"):
        open_bulk_source(tmp_path / "b.parquet")


def test_a_survey_changes_with_names_sizes_and_places(write_tar: Write, tmp_path: Path) -> None:
    members = {"a.jpg": b"one", "b.jpg": b"four"}
    path = write_tar(tmp_path / "a.tar", members)
    first = survey(TarShards(tmp_path, ("a.tar",)))
    assert first.photos == 2 and first == survey(TarShards(tmp_path, ("a.tar",))) and not first.broken
    for other in ({"a.jpg": b"one", "c.jpg": b"four"}, {"a.jpg": b"three", "b.jpg": b"four"}, {"a.jpg": b"one"}):
        write_tar(path, other)
        assert survey(TarShards(tmp_path, ("a.tar",))).fingerprint != first.fingerprint
    path.write_bytes(write_tar(path, members).read_bytes()[:1700])
    told = survey(TarShards(tmp_path, ("a.tar",)))
    assert len(told.broken) == 1 and told.photos == 2 and told.fingerprint != first.fingerprint


def test_a_source_of_broken_shards_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").touch()
    with pytest.raises(InputError, match="a.tar: the file is empty"):
        survey(open_bulk_source(tmp_path))
    with pytest.raises(InputError, match="cannot read .*gone.tar: No such file"):
        survey(TarShards(tmp_path, ("gone.tar",)))
