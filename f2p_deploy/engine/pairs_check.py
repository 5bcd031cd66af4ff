"""Check every record and file of a folder of rendered pairs, and report each fault."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS
from f2p_deploy.character.parameters import SUM_TOLERANCE, column_names
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.pairs import LANDMARK_FILE, MANIFEST, PARAMETERS, RECORDS, read_manifest
from f2p_deploy.system.errors import InputError

#: The kinds of fault and their meanings.
REASONS = {
    "missing": "a record, or a file that it names, is missing",
    "truncated": "a file is truncated or cannot be decoded",
    "size": "the size of a picture or a table does not match the manifest",
    "range": "a parameter, label or landmark is out of range",
    "nan": "a number is not finite",
    "duplicate": "a record or its parameters occur twice",
    "extra": "no record names the file",
    "hash": "a file's content does not match the hash in its record",
    "manifest": "the manifest or a record line does not follow the format",
}


@dataclass(frozen=True)
class Problem:
    """One fault of a folder of pairs.

    Args:
        record: index of the record; None if the fault concerns the whole folder.
        reason: a key of `REASONS`.
        detail: a description of the fault with the file's name.
    """

    record: int | None
    reason: str
    detail: str


@dataclass(frozen=True)
class PairsReport:
    """The result of a check.

    Args:
        folder: the folder that was checked.
        count: the number of records in the manifest.
        problems: all faults, those of the whole folder first, then by record.
    """

    folder: Path
    count: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """True if there are no faults."""
        return not self.problems


def check_pairs(folder: Path, progress: Callable[[int, int], None] | None = None) -> PairsReport:
    """Check a folder for missing, truncated, mis-sized, out-of-range, duplicate or changed records, and extra files.

    Args:
        folder: the folder of rendered pairs.
        progress: called with the number of records checked, and the number of records.

    Raises:
        InputError: the folder does not hold rendered pairs: it has no manifest of this format, or no schema in it.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    schema = Schema.from_dict(manifest["schema"], str(folder / MANIFEST))
    try:
        count, size = int(manifest["count"]), int(manifest["size"])
    except (TypeError, ValueError) as error:
        values = f"{manifest['count']!r} and {manifest['size']!r}"
        raise InputError(f"{folder / MANIFEST}: count and size must be whole numbers, found {values}") from error
    problems = list(_check_parameters(folder, manifest, schema, count))
    records, line_problems = _read_lines(folder, count)
    problems += line_problems
    for done, (index, record) in enumerate(sorted(records.items()), start=1):
        for kind in ("image", "labels"):
            problems += [Problem(index, *fault) for fault in _check_picture(folder, record, kind, size)]
        if progress is not None:
            progress(done, len(records))
    problems += _check_duplicates(folder, records, schema.n)
    problems += _check_landmarks(folder, records, size)
    problems += _check_extra(folder, records)
    problems.sort(key=lambda problem: -1 if problem.record is None else problem.record)
    return PairsReport(folder, count, tuple(problems))


def _check_parameters(folder: Path, manifest: dict, schema: Schema, count: int) -> Iterator[Problem]:
    if manifest["fingerprint"] != schema.fingerprint:
        yield Problem(None, "manifest", f"{MANIFEST}: the fingerprint does not match the schema")
    path = folder / PARAMETERS
    content = _content(path)
    if content is None:
        yield Problem(None, "missing", f"{PARAMETERS} is missing or cannot be read")
        return
    expected = count * schema.n * 4
    if len(content) != expected:
        reason = "truncated" if len(content) < expected else "size"
        yield Problem(None, reason, f"{PARAMETERS} should hold {expected} bytes, found {len(content)}")
    elif manifest.get("parameters_sha256", _sha256(content)) != _sha256(content):
        yield Problem(None, "hash", f"{PARAMETERS} does not match its hash in the manifest")
    rows = len(content) // (schema.n * 4)
    values = np.frombuffer(content[: rows * schema.n * 4], "<f4").reshape(rows, schema.n)
    names = column_names(schema)
    for index in np.flatnonzero(~np.isfinite(values).all(1)):
        name = names[int(np.flatnonzero(~np.isfinite(values[index]))[0])]
        yield Problem(int(index), "nan", f"{PARAMETERS}: {name!r} is not a finite number")
    outside = (values < 0) | (values > 1)
    for index in np.flatnonzero(outside.any(1)):
        column = int(np.flatnonzero(outside[index])[0])
        yield Problem(
            int(index), "range", f"{PARAMETERS}: {names[column]!r} is {values[index, column]:g}, not in [0, 1]"
        )
    for group, part in schema.discrete_slices.items():
        sums = values[:, part].sum(1, dtype=np.float64)
        for index in np.flatnonzero(np.isfinite(sums) & (np.abs(sums - 1) > SUM_TOLERANCE)):
            detail = f"{PARAMETERS}: the options of {group!r} add up to {sums[index]:g}, not 1"
            yield Problem(int(index), "range", detail)


def _read_lines(folder: Path, count: int) -> tuple[dict[int, dict], list[Problem]]:
    """Return the records by index, and the faults of their lines."""
    problems: list[Problem] = []
    records: dict[int, dict] = {}
    content = _content(folder / RECORDS)
    if content is None:
        return {}, [Problem(None, "missing", f"{RECORDS} is missing or cannot be read")]
    for number, line in enumerate(content.splitlines(), start=1):
        record = _parse(line)
        if record is None:
            problems.append(Problem(None, "truncated", f"{RECORDS}: line {number} is not a record"))
            continue
        index = record["index"]
        if index in records:
            problems.append(Problem(index, "duplicate", f"{RECORDS}: line {number} repeats the record"))
        elif not 0 <= index < count:
            problems.append(Problem(index, "range", f"{RECORDS}: line {number} exceeds the count of {count}"))
        else:
            records[index] = record
    absent = (index for index in range(count) if index not in records)
    problems += [Problem(index, "missing", f"{RECORDS} has no line for this record") for index in absent]
    return records, problems


def _parse(line: bytes) -> dict | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    good = isinstance(record, dict) and isinstance(record.get("index"), int) and isinstance(record.get("image"), str)
    return record if good else None


def _check_picture(folder: Path, record: dict, kind: str, size: int) -> Iterator[tuple[str, str]]:
    name = record.get(kind)
    if name is None:
        return
    if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
        yield "manifest", f"{RECORDS}: {name!r} is not a file name inside the folder"
        return
    content = _content(folder / name)
    if content is None:
        yield "missing", f"{name} is missing or cannot be read"
        return
    hashes = record.get("sha256")
    expected = hashes.get(kind) if isinstance(hashes, dict) else None
    if expected is not None and expected != _sha256(content):
        yield "hash", f"{name} does not match the hash in its record"
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            mode, actual = picture.mode, picture.size
            pixels = np.asarray(picture)
    # Pillow passes on the errors of its decoders; here they all mean a damaged file.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        yield "truncated", f"{name} is not a picture, or it is damaged or truncated"
        return
    if actual != (size, size) or mode != ("RGB" if kind == "image" else "L"):
        yield "size", f"{name} should be {size} x {size} {'RGB' if kind == 'image' else 'L'}, found {actual} {mode}"
    elif kind == "labels" and int(pixels.max()) >= len(HELEN_CLASSES):
        yield "range", f"{name} has the label {int(pixels.max())}; the highest is {len(HELEN_CLASSES) - 1}"


def _check_duplicates(folder: Path, records: dict[int, dict], n: int) -> Iterator[Problem]:
    """Yield records that share a file or a picture, and characters of different identity with the same parameters."""
    content = _content(folder / PARAMETERS) or b""
    pictures: dict[object, int] = {}
    characters: dict[bytes, tuple[int, object]] = {}
    for index, record in sorted(records.items()):
        hashes = record.get("sha256")
        picture = hashes.get("image") if isinstance(hashes, dict) else None
        for key in filter(None, (record["image"], picture)):
            if pictures.setdefault(key, index) != index:
                yield Problem(index, "duplicate", f"its picture is the same as that of record {pictures[key]}")
                break
        row = content[index * n * 4 : (index + 1) * n * 4]
        identity = record.get("identity", index)
        first, owner = characters.setdefault(row, (index, identity))
        if row and owner != identity:
            yield Problem(index, "duplicate", f"its parameters are those of record {first}, which is another character")


def _check_landmarks(folder: Path, records: dict[int, dict], size: int) -> Iterator[Problem]:
    path = folder / LANDMARK_FILE
    if not path.exists():
        return
    row = len(LANDMARKS) * 2
    content = _content(path)
    if content is None:
        yield Problem(None, "missing", f"{LANDMARK_FILE} cannot be read")
        return
    rows = len(content) // (row * 4)
    table = np.frombuffer(content[: rows * row * 4], "<f4").reshape(rows, row)
    expected = max(records, default=-1) + 1
    if len(content) != expected * row * 4:
        reason = "truncated" if rows < expected else "size"
        yield Problem(None, reason, f"{LANDMARK_FILE} should hold {expected * row * 4} bytes, found {len(content)}")
    for index in range(rows):
        if not np.isfinite(table[index]).all():
            yield Problem(index, "nan", f"{LANDMARK_FILE}: a position is not a finite number")
        elif np.abs(table[index]).max() > 4 * size:
            yield Problem(index, "range", f"{LANDMARK_FILE}: a position is far outside the picture")


def _check_extra(folder: Path, records: dict[int, dict]) -> Iterator[Problem]:
    expected = {MANIFEST, PARAMETERS, LANDMARK_FILE, RECORDS}
    expected |= {str(record.get(kind)) for record in records.values() for kind in ("image", "labels")}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in expected:
            yield Problem(None, "extra", f"{name} belongs to no record")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
