"""Parquet files with pictures in a column as the source of a bulk job, such as data sets of Hugging Face."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f2p_deploy.bulk.photo_refs import MOST_BYTES, PhotoContent, PhotoRef, TellBroken, too_large, unreadable
from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.errors import InputError, PhotoError

#: Rows that are in memory at a time, and bytes of a file that are read ahead.
_ROWS, _BUFFER = 4, 1 << 20

#: The reason of a row that cannot be read because its shard is damaged.
DAMAGED = "damaged-shard"


@dataclass(frozen=True)
class ParquetShards:
    """Parquet files with the same columns.

    Args:
        root: the folder of the files.
        names: the files, relative to it.
        column: the column of pictures: bytes, or a struct of `bytes` and `path`.
        key: the column of names; empty for the struct's `path`, or the number of the row.
    """

    root: Path
    names: tuple[str, ...]
    column: str
    key: str = ""

    @property
    def kind(self) -> str:
        """What the source consists of."""
        return "Parquet shards"

    @property
    def columns(self) -> str:
        """The column of pictures, and that of names if there is one."""
        return f"{self.column}, names from {self.key}" if self.key else self.column

    def shards(self) -> tuple[tuple[str, int], ...]:
        """Return name and size in bytes of every shard."""
        return tuple((name, (self.root / name).stat().st_size) for name in self.names)

    def left_out(self) -> tuple[str, ...]:
        """Return nothing: what is no shard is not looked at."""
        return ()

    def refs(self, tell_broken: TellBroken) -> Iterator[PhotoRef]:
        """Yield every row, shard by shard; a shard whose columns are others, or whose end is damaged, has none."""
        index = 0
        for name in self.names:
            for row in range(self._rows_of(name, tell_broken)):
                yield PhotoRef(index, name, "", row)
                index += 1

    def _rows_of(self, name: str, tell_broken: TellBroken) -> int:
        try:
            with opened_parquet(self.root / name) as file:
                columns_to_read(file, str(self.root / name), self.column, self.key)
                return int(file.metadata.num_rows)
        except InputError as error:
            tell_broken(f"{error}; none of its photos was taken")
            return 0

    @contextmanager
    def reader(self) -> Iterator["ParquetReader"]:
        """Open what reads the photos."""
        opened = ParquetReader(self)
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class ParquetReader:
    """Reads rows one after the other; a row before the last one read starts its group of rows again.

    Args:
        source: the files.
    """

    source: ParquetShards
    _shard: str = field(default="", init=False)
    _next: int = field(default=0, init=False)
    _group_end: int = field(default=0, init=False)
    _rows: Generator[tuple[Any, Any]] | None = field(default=None, init=False)
    _damaged: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)

    def close(self) -> None:
        """Close the open file."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def read(self, ref: PhotoRef) -> PhotoContent:
        """Return a row's photo; one that cannot be read is also a result."""
        shard, row = ref.shard, ref.offset
        if row not in range(*self._damaged.get(shard, (0, 0))):
            errors: tuple[type[Exception], ...] = (InputError, OSError, *_errors())
            try:
                return _content(f"{shard}:{row}", *self._row(shard, row))
            except errors:
                self.close()
                # Nothing in a group of rows can be read behind the damage.
                self._damaged[shard] = (row, max(row + 1, self._group_end))
        reason = f"{shard}:{row}: the Parquet file {shard} is damaged here"
        return PhotoContent(f"{shard}:{row}", error=PhotoError(DAMAGED, reason))

    def _row(self, shard: str, row: int) -> tuple[Any, Any]:
        """Return picture and key of a row as they are in the file."""
        if self._rows is None or self._shard != shard or self._next > row:
            self.close()
            self._shard, self._next, self._group_end = shard, row, 0
            self._rows = self._rows_from(shard, row)
        while True:
            found = next(self._rows)
            self._next += 1
            if self._next > row:
                return found

    def _rows_from(self, shard: str, start: int) -> Generator[tuple[Any, Any]]:
        column, key = self.source.column, self.source.key
        with opened_parquet(self.source.root / shard) as file:
            columns, end = columns_to_read(file, shard, column, key), 0
            for group in range(file.num_row_groups):
                row, end = end, end + file.metadata.row_group(group).num_rows
                self._group_end = end
                if end <= start:
                    continue
                for batch in file.iter_batches(_ROWS, row_groups=[group], columns=columns):
                    for i in range(max(0, start - row), len(batch)):
                        yield batch.column(column)[i].as_py(), batch.column(key)[i].as_py() if key else None
                    row += len(batch)


def choose_column(path: Path, column: str | None, key: str | None) -> str:
    """Return the column of pictures of a file: the named one, or the only one that can be it.

    Raises:
        InputError: the file cannot be read; no such column, none that can hold pictures, or several.
    """
    with opened_parquet(path) as file:
        schema = file.schema_arrow
        able = [field.name for field in schema if _parts_of(field.type) is not None and field.name != key]
        if not column and len(able) != 1:
            found = f"{len(able)} columns may hold pictures: {', '.join(able)}"
            none = f"no column holds bytes, or a struct of bytes and path: {', '.join(schema.names)}"
            raise InputError(f"{path}: {f'{found}; name one with --column' if able else none}")
        columns_to_read(file, str(path), column or able[0], key or "")
        return column or able[0]


def columns_to_read(file: Any, name: str, column: str, key: str) -> list[str]:
    """Return the columns of an open file that hold its pictures and keys; of a struct, the parts.

    Args:
        file: see `opened_parquet`.
        name: its name, for errors.
        column, key: see `ParquetShards`.

    Raises:
        InputError: no such column, or one that holds no pictures.
    """
    schema = file.schema_arrow
    for wanted in filter(None, (column, key)):
        if wanted not in schema.names:
            raise InputError(f"{name}: no column named {wanted!r}{suggestion(wanted, schema.names)}")
    kind = schema.field(column).type
    if (parts := _parts_of(kind)) is None:
        raise InputError(f"{name}: the column {column!r} holds {kind}, not bytes or a struct of bytes and path")
    return [*([f"{column}.{part}" for part in parts] or [column]), *([key] if key else [])]


@contextmanager
def opened_parquet(path: Path) -> Iterator[Any]:
    """Open a Parquet file, of which only the end is read at first.

    Raises:
        InputError: it cannot be read, or is no Parquet file.
    """
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except _errors() as error:
        raise InputError(f"{path}: this is no Parquet file, or it is damaged or incomplete") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'the Parquet file is damaged or incomplete'}") from error
    with file:
        yield file


def _parts_of(kind: Any) -> tuple[str, ...] | None:
    """Return the parts to read of a column of pictures, none for bytes; None if it cannot hold pictures."""
    from pyarrow import types

    if types.is_struct(kind):
        names = [field.name for field in kind]
        if "bytes" not in names or not _is_bytes(kind.field("bytes").type):
            return None
        has_path = "path" in names and types.is_string(kind.field("path").type)
        return ("bytes", "path") if has_path else ("bytes",)
    return () if _is_bytes(kind) else None


def _is_bytes(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _errors() -> tuple[type[Exception], ...]:
    """Return what pyarrow raises for damaged files besides OSError."""
    from pyarrow import ArrowException

    return (ArrowException,)


def _content(name: str, picture: Any, key: Any) -> PhotoContent:
    """Return the photo of a row."""
    path = ""
    if isinstance(picture, dict):
        picture, path = picture.get("bytes"), picture.get("path") or ""
    name = name if key is None else str(key)
    name = path if key is None and path else name
    if picture is None:
        return unreadable(name, "the cell holds no bytes")
    return too_large(name, len(picture)) if len(picture) > MOST_BYTES else PhotoContent(name, picture)
