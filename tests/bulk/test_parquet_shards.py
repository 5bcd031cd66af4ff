"""Parquet files with pictures: plain bytes, Hugging Face's struct, damage."""

from pathlib import Path

import pytest

from f2p_deploy.bulk.parquet_shards import DAMAGED, ParquetShards, choose_column
from f2p_deploy.bulk.photo_refs import MOST_BYTES
from f2p_deploy.system.errors import InputError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

IMAGES = [{"bytes": bytes([i]) * 50, "path": f"{i}.jpg"} for i in range(10)]


def write(path: Path, columns: dict[str, object], group: int = 4) -> Path:
    """Write a table."""
    parquet.write_table(pa.table(columns), path, row_group_size=group, use_dictionary=False, compression="none")
    return path


def read(source: ParquetShards, rows: list[int] | None = None) -> list[tuple[str, bytes | str]]:
    """Return key and content, or the error's reason, of some rows."""
    refs = list(source.refs(pytest.fail))
    with source.reader() as reader:
        found = [reader.read(refs[i]) for i in (range(len(refs)) if rows is None else rows)]
    return [(one.key, one.content if one.error is None else one.error.reason) for one in found]  # type: ignore[misc]


def test_structs_of_bytes_and_path_are_read_in_any_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": IMAGES, "label": list(range(10))})
    assert choose_column(path, None, None) == "image"
    source = ParquetShards(tmp_path, ("a.parquet",), "image")
    refs = list(source.refs(pytest.fail))
    assert [(ref.index, ref.offset, ref.size) for ref in refs[:2]] == [(0, 0, -1), (1, 1, -1)]
    whole = [(image["path"], image["bytes"]) for image in IMAGES]
    assert read(source) == whole
    some = [7, 8, 2, 2, 9, 0]
    assert read(source, some) == [whole[i] for i in some]


def test_keys_come_from_a_column_or_are_numbers_of_rows(tmp_path: Path) -> None:
    plain = {"jpg": [b"a", b"b", None], "id": [7, 8, 9], "thumbnail": [b"", b"", b""]}
    path = write(tmp_path / "a.parquet", plain)
    named = ParquetShards(tmp_path, ("a.parquet",), "jpg", "id")
    assert read(named) == [("7", b"a"), ("8", b"b"), ("9", "unreadable")]
    assert read(ParquetShards(tmp_path, ("a.parquet",), "jpg"))[1] == ("a.parquet:1", b"b")
    with pytest.raises(InputError, match="2 columns may hold pictures: jpg, thumbnail; name one with --column"):
        choose_column(path, None, None)
    with pytest.raises(InputError, match="no column named 'jgp'. Did you mean 'jpg'"):
        choose_column(path, "jgp", None)
    with pytest.raises(InputError, match="no column named 'name'"):
        choose_column(path, "jpg", "name")
    with pytest.raises(InputError, match="the column 'id' holds int64, not bytes or a struct of bytes and path"):
        choose_column(path, "id", None)
    with pytest.raises(InputError, match="no column holds bytes, or a struct of bytes and path: id"):
        choose_column(write(tmp_path / "b.parquet", {"id": [1]}), None, None)


def test_nulls_and_large_photos_are_told(tmp_path: Path) -> None:
    images = [None, {"bytes": None, "path": "only/a/path.jpg"}, {"bytes": bytes(MOST_BYTES + 1), "path": None}]
    kind = pa.struct([("bytes", pa.large_binary()), ("path", pa.string())])
    write(tmp_path / "a.parquet", {"image": pa.array(images, kind)})
    source = ParquetShards(tmp_path, ("a.parquet",), "image")
    assert read(source) == [
        ("a.parquet:0", "unreadable"), ("only/a/path.jpg", "unreadable"), ("a.parquet:2", "too-large"),
    ]  # fmt: skip


def test_shards_that_are_cut_short_or_have_other_columns_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": IMAGES})
    (tmp_path / "b.parquet").write_bytes(path.read_bytes()[:-20])
    write(tmp_path / "c.parquet", {"picture": IMAGES})
    told = list[str]()
    source = ParquetShards(tmp_path, ("a.parquet", "b.parquet", "c.parquet", "d.parquet"), "image")
    assert len(list(source.refs(told.append))) == 10
    damaged = "this is no Parquet file, or it is damaged or incomplete; none of its photos was taken"
    assert told[0] == f"{tmp_path / 'b.parquet'}: {damaged}"
    assert "c.parquet: no column named 'image'" in told[1] and "No such file" in told[2]


def test_damage_inside_a_group_of_rows_costs_only_its_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": IMAGES})
    content = bytearray(path.read_bytes())
    start = content.index(bytes([4]) * 50)  # the second group of rows begins with photo 4
    content[start - 40 : start] = b"\xff" * 40
    path.write_bytes(content)
    source = ParquetShards(tmp_path, ("a.parquet",), "image")
    reasons = [found for _, found in read(source)]
    assert reasons[:4] == [image["bytes"] for image in IMAGES[:4]] and reasons[4:8] == [DAMAGED] * 4
    assert reasons[8:] == [image["bytes"] for image in IMAGES[8:]]
    assert [found for _, found in read(source, [6, 9, 1])] == [reasons[i] for i in (6, 9, 1)]
