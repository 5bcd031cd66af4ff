"""The cache of aligned faces: one record per face in a memory-mapped file that grows as photos are aligned.

A folder holds `faces.bin` (records of picture and regions), `facts.bin` (records of small numbers about the same faces)
and `index.jsonl`, with one line per photo: its name, size, time and SHA-256, and the number of its record or the reason
why it has none. A record counts once its line is whole, so an interrupted run resumes after the last whole line.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO

import numpy as np

from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS

FACES, FACTS, INDEX = "faces.bin", "facts.bin", "index.jsonl"

#: Photos between two times at which everything written is on the disk.
SYNC_EVERY = 256


def face_record(size: int) -> np.dtype:
    """Return the type of a record of `faces.bin`: picture (S, S, 3) and regions (S, S), both uint8."""
    return np.dtype([("pictures", np.uint8, (size, size, 3)), ("regions", np.uint8, (size, size))])


#: The type of a record of `facts.bin`; see `f2p_deploy.training.data.portraits.Portraits`.
FACT_RECORD = np.dtype(
    [
        ("yaw", np.float32),
        ("sharpness", np.float32),
        ("eye_distance", np.float32),
        ("shapes", np.float32, (len(CONTOUR_POINTS), 2)),
        ("face_shapes", np.float32, (SHAPE_LENGTH,)),
    ]
)


class MappedRows:
    """Rows of a memory-mapped array in an order of their own; indexing copies the chosen rows only.

    Args:
        array: (M, ...) memory-mapped.
        rows: (N,) positions in it.
    """

    def __init__(self, array: np.ndarray, rows: np.ndarray) -> None:
        self.array, self.rows = array, rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all rows together."""
        return (len(self.rows), *self.array.shape[1:])

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.array(self.array[self.rows[index]])

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def chosen(self, indices: np.ndarray) -> "MappedRows":
        """Return some of the rows, without copying them."""
        return MappedRows(self.array, self.rows[indices])


#: Rows in memory or on the disk.
Rows = np.ndarray | MappedRows


def choose_rows(rows: Rows, indices: np.ndarray) -> Rows:
    """Return some of the rows; those on the disk stay there."""
    return rows.chosen(indices) if isinstance(rows, MappedRows) else rows[indices]


class FaceCache:
    """The cache in a folder, opened for reading and appending by one process.

    Args:
        folder: created if it does not exist.
        size: edge S of the faces in pixels.

    Raises:
        InputError: the folder cannot be created, read or written.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.record = folder, face_record(size)
        self.entries: list[dict[str, Any]] = []
        self._by_name: dict[tuple[str, int, int], int] = {}
        self._by_content: dict[str, int] = {}
        self._files: tuple[BinaryIO, BinaryIO, TextIO] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._read_index()
        except OSError as error:
            reason = reason_of(error, "it cannot be opened")
            raise InputError(f"cannot use the cache of faces {folder}: {reason}") from error

    def __enter__(self) -> "FaceCache":
        try:
            faces, facts = ((self.folder / name).open("ab") for name in (FACES, FACTS))
            self._files = faces, facts, (self.folder / INDEX).open("a", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        files, self._files = self._files, None
        try:
            for file in files or ():
                file.flush()
                os.fsync(file.fileno())
        except OSError as failed:
            if error is None:
                raise self._unwritable(failed) from failed
        finally:
            for file in files or ():
                with suppress(OSError):  # what could not be written was said already
                    file.close()

    @property
    def faces(self) -> int:
        """The number of records."""
        return sum("record" in entry for entry in self.entries)

    def find(self, photo: Path, name: str) -> dict[str, Any] | None:
        """Return a photo's entry; None if it was not aligned yet.

        A photo is known by its name, size and time, and otherwise by its content, wherever it was moved to.

        Raises:
            InputError: the photo cannot be read.
        """
        position = self._by_name.get(_signature(photo, name))
        if position is None and self._by_content:
            position = self._by_content.get(sha256_of(photo))
        return None if position is None else self.entries[position]

    def append(self, photo: Path, name: str, aligned: Mapping[str, np.ndarray] | str) -> dict[str, Any]:
        """Append a photo and return its entry.

        Args:
            photo: the file.
            name: see `Portraits`.
            aligned: the fields of both records, or the reason why no face can be used.

        Raises:
            InputError: the disk is full, or the photo has vanished.
            RuntimeError: the cache is not open for writing (`with cache:`).
        """
        if self._files is None:
            raise RuntimeError("append outside of `with cache:`")
        faces, facts, index = self._files
        _, size, changed = _signature(photo, name)
        entry: dict[str, Any] = {"name": name, "bytes": size, "changed": changed, "sha256": sha256_of(photo)}
        try:
            if isinstance(aligned, str):
                entry["reason"] = aligned
            else:
                entry["record"] = self.faces_written
                faces.write(_filled(self.record, aligned))
                facts.write(_filled(FACT_RECORD, aligned))
            faces.flush()
            facts.flush()
            index.write(json.dumps(entry) + "\n")
            index.flush()
            if (len(self.entries) + 1) % SYNC_EVERY == 0:
                for file in self._files:
                    os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        self._add(entry)
        return entry

    def mapped(self, field: str, records: np.ndarray) -> MappedRows:
        """Return a field of some faces, memory-mapped.

        Args:
            field: of `face_record`.
            records: (N,) numbers of records.
        """
        mapped = np.memmap(self.folder / FACES, self.record, "r", shape=(self.faces_written,))
        return MappedRows(mapped[field], records)

    def facts(self, records: np.ndarray) -> np.ndarray:
        """Return the (N,) records of `FACT_RECORD` of some faces, in memory."""
        mapped = np.memmap(self.folder / FACTS, FACT_RECORD, "r", shape=(self.faces_written,))
        return np.array(mapped[records])

    def _read_index(self) -> None:
        """Read the index, and cut off what was written after its last whole line."""
        self.faces_written = 0
        path = self.folder / INDEX
        whole = 0
        if path.is_file():
            with path.open("rb") as lines:
                for line in lines:
                    entry = _entry_of(line)
                    if entry is None or entry.get("record", self.faces_written) != self.faces_written:
                        break
                    self._add(entry)
                    whole += len(line)
            os.truncate(path, whole)
        for name, record in ((FACES, self.record), (FACTS, FACT_RECORD)):
            file, length = self.folder / name, self.faces_written * record.itemsize
            found = file.stat().st_size if file.is_file() else 0
            if found < length:
                raise InputError(f"{file} is damaged, cut short or lost: remove {self.folder} to align the photos anew")
            if found > length:
                os.truncate(file, length)

    def _add(self, entry: dict[str, Any]) -> None:
        position = len(self.entries)
        self.entries.append(entry)
        self.faces_written = max(self.faces_written, entry.get("record", -1) + 1)
        self._by_name[(entry["name"], entry["bytes"], entry["changed"])] = position
        self._by_content[entry["sha256"]] = position

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"cannot write the cache of faces {self.folder}: {error.strerror or error}")


def cache_key(template: Mapping[str, Sequence[float]], size: int, finder: str) -> str:
    """Return a hash of everything besides the photo that decides how it is aligned, for the cache's folder."""
    facts = [sorted((name, list(point)) for name, point in template.items()), size, finder, FACT_RECORD.descr]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _signature(photo: Path, name: str) -> tuple[str, int, int]:
    try:
        status = photo.stat()
    except OSError as error:
        raise InputError(f"cannot read {photo}: {error.strerror or error}") from error
    return name, status.st_size, status.st_mtime_ns


def _entry_of(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line of the index; None for a line that was cut short."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and {"name", "bytes", "changed", "sha256"} <= set(entry) else None


def _filled(record: np.dtype, values: Mapping[str, np.ndarray]) -> bytes:
    filled = np.zeros((), record)
    for field in record.names or ():
        filled[field] = values[field]
    return filled.tobytes()
