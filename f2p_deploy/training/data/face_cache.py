"""The cache of aligned faces: one record per face in a memory-mapped file that grows as photos are aligned.

A folder holds `faces.bin` (records of picture and regions), `facts.bin` (records of small numbers about the same faces)
and `index.jsonl`, with one line per photo: its name, size, time and SHA-256, and the number of its record or the reason
why it has none. A record counts once its line is whole, so an interrupted run resumes after the last whole line.

The line also holds the CRC-32 of the record's bytes in both files. It is checked for the last records when the cache is
opened, and for every other one when its face is first read. A damaged or lost record is noted and aligned again.
"""

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO

import numpy as np

from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of, write_whole
from f2p_deploy.system.names import shown
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS

log = logging.getLogger(__name__)

FACES, FACTS, INDEX = "faces.bin", "facts.bin", "index.jsonl"

#: The key of an index line that says that the record of this number is damaged.
DAMAGED = "damaged"

#: Photos between two times at which everything written is on the disk. As many records are checked at the opening: a
#: machine that lost its power may have kept their lines without their bytes.
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
        check: called with the positions that are about to be read; raises if one of them is damaged.
    """

    def __init__(
        self, array: np.ndarray, rows: np.ndarray, check: Callable[[np.ndarray], None] | None = None
    ) -> None:
        self.array, self.rows, self.check = array, rows, check

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all rows together."""
        return (len(self.rows), *self.array.shape[1:])

    def __getitem__(self, index: Any) -> np.ndarray:
        positions = self.rows[index]
        if self.check is not None:
            self.check(np.atleast_1d(positions))
        return np.array(self.array[positions])

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def chosen(self, indices: np.ndarray) -> "MappedRows":
        """Return some of the rows, without copying them."""
        return MappedRows(self.array, self.rows[indices], self.check)


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
        self._of_record: dict[int, int] = {}
        self._checked: set[int] = set()
        self._files: tuple[BinaryIO, BinaryIO, TextIO] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._read_index()
            self._check_last()
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
        """The number of records that are whole."""
        return len(self._of_record)

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
            aligned: the fields of both records and `pitch`, which is kept in the index, or the reason why no face can
                be used.

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
                face, fact = _filled(self.record, aligned), _filled(FACT_RECORD, aligned)
                entry |= {"record": self.faces_written, "crc32": zlib.crc32(fact, zlib.crc32(face))}
                if np.isfinite(aligned["pitch"]):
                    entry["pitch"] = round(float(aligned["pitch"]), 2)
                faces.write(face)
                facts.write(fact)
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

        Returns:
            Rows that raise `InputError` when a damaged one is read.
        """
        mapped = np.memmap(self.folder / FACES, self.record, "r", shape=(self.faces_written,))
        return MappedRows(mapped[field], records, self.check)

    def check(self, records: np.ndarray) -> None:
        """Compare records with their checksums, each once.

        Raises:
            InputError: one is damaged; it is noted, so that the next run aligns its photo again.
        """
        new = [int(record) for record in records if int(record) not in self._checked]
        damaged = self._damaged([record for record in new if record in self._of_record])
        if damaged:
            self._note_damaged(damaged)
        if not self._checked.issuperset(new):
            names = [shown(entry["name"]) for entry in damaged]
            what = f"the aligned face of {names[0]}" if len(names) == 1 else "the aligned face of a photo"
            raise InputError(
                f"{what} in {self.folder / FACES} changed since it was written (its checksum differs): run the same "
                "command again, and it is aligned anew; is the disk in order?"
            )

    def facts(self, records: np.ndarray) -> np.ndarray:
        """Return the (N,) records of `FACT_RECORD` of some faces, in memory."""
        mapped = np.memmap(self.folder / FACTS, FACT_RECORD, "r", shape=(self.faces_written,))
        return np.array(mapped[records])

    def _read_index(self) -> None:
        """Read the index, and cut off what was written after its last whole line or lost from the records."""
        self.faces_written = 0
        path = self.folder / INDEX
        lines: list[bytes] = []
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    entry = _entry_of(line)
                    if entry is None or entry.get("record", self.faces_written) != self.faces_written:
                        break
                    self._add(entry)
                    lines.append(line)
            os.truncate(path, sum(map(len, lines)))
        sizes = ((self.folder / FACES, self.record.itemsize), (self.folder / FACTS, FACT_RECORD.itemsize))
        kept = min(self.faces_written, *(_length(records) // size for records, size in sizes))
        if kept < self.faces_written:
            self._keep_first(kept, lines)
        for records, size in sizes:
            if _length(records) > kept * size:
                os.truncate(records, kept * size)

    def _keep_first(self, kept: int, lines: Sequence[bytes]) -> None:
        """Forget the records that a file cut short no longer holds, in memory and in the index."""
        log.warning(
            "%s was cut short: %d of %d aligned faces are whole, the others are aligned again",
            self.folder,
            kept,
            self.faces_written,
        )
        parsed = [(line, json.loads(line)) for line in lines]
        whole = [(line, entry) for line, entry in parsed if entry.get("record", entry.get(DAMAGED, -1)) < kept]
        write_whole(self.folder / INDEX, b"".join(line for line, _ in whole))
        self.entries, self.faces_written = [], 0
        for known in (self._by_name, self._by_content, self._of_record):
            known.clear()
        for _, entry in whole:
            self._add(entry)

    def _check_last(self) -> None:
        """Check the last records, and forget the damaged ones."""
        last = range(max(0, self.faces_written - SYNC_EVERY), self.faces_written)
        damaged = self._damaged([record for record in last if record in self._of_record])
        if damaged:
            log.warning("damaged faces in %s, which are aligned again: %d", self.folder / FACES, len(damaged))
            self._note_damaged(damaged)

    def _damaged(self, records: Sequence[int]) -> list[dict[str, Any]]:
        """Return the entries of records whose checksum differs; those of earlier versions have none."""
        entries = [self.entries[self._of_record[record]] for record in records]
        entries = [entry for entry in entries if "crc32" in entry]
        damaged = []
        if entries:
            with (self.folder / FACES).open("rb") as faces, (self.folder / FACTS).open("rb") as facts:
                for entry in entries:
                    checksum = 0
                    for file, size in ((faces, self.record.itemsize), (facts, FACT_RECORD.itemsize)):
                        file.seek(entry["record"] * size)
                        checksum = zlib.crc32(file.read(size), checksum)
                    if checksum != entry["crc32"]:
                        damaged.append(entry)
        self._checked.update(set(records) - {entry["record"] for entry in damaged})
        return damaged

    def _note_damaged(self, entries: Sequence[dict[str, Any]]) -> None:
        """Append a line for each damaged record, and forget its photo."""
        notes = [{DAMAGED: entry["record"], "name": entry["name"]} for entry in entries]
        try:
            with (self.folder / INDEX).open("a", encoding="utf-8") as index:
                index.write("".join(json.dumps(note) + "\n" for note in notes))
        except OSError as error:
            raise self._unwritable(error) from error
        for note in notes:
            self._add(note)

    def _add(self, entry: dict[str, Any]) -> None:
        if DAMAGED in entry:
            self._forget(entry[DAMAGED])
            return
        position = len(self.entries)
        self.entries.append(entry)
        if "record" in entry:
            self._of_record[entry["record"]] = position
            self.faces_written = max(self.faces_written, entry["record"] + 1)
        self._by_name[(entry["name"], entry["bytes"], entry["changed"])] = position
        self._by_content[entry["sha256"]] = position

    def _forget(self, record: int) -> None:
        """Forget the photo of a damaged record; the record stays where it is."""
        position = self._of_record.pop(record, None)
        if position is not None:
            entry = self.entries[position]
            self._by_name.pop((entry["name"], entry["bytes"], entry["changed"]), None)
            self._by_content.pop(entry["sha256"], None)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"cannot write the cache of faces {self.folder}: {error.strerror or error}")


def _length(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


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
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    return entry if DAMAGED in entry or {"name", "bytes", "changed", "sha256"} <= set(entry) else None


def _filled(record: np.dtype, values: Mapping[str, np.ndarray]) -> bytes:
    filled = np.zeros((), record)
    for field in record.names or ():
        filled[field] = values[field]
    return filled.tobytes()
