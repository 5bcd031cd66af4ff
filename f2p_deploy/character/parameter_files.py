"""Parameter files: JSON by name, CSV with one row per character, or flat little-endian float32.

| suffix | content | locks | checked against the schema by |
|---|---|---|---|
| `.json` | one character, by name | stored | name, fingerprint, every name |
| `.csv` | characters, below a header row of names (`controller`, `group=option`) | not stored | every name |
| `.f32`, `.bin` | n numbers per character, no header | not stored | the count |

All three formats restore the same float32 values, bit for bit.
"""

import csv
import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.character.parameters import Parameters, Value, check_vectors, column_names
from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole, write_whole

FORMAT = "f2p-parameters"
VERSION = 1

logger = logging.getLogger(__name__)


def read_parameters(path: Path, schema: Schema) -> Parameters:
    """Read one character from a file, in the format of its suffix.

    Raises:
        InputError: an unreadable, damaged or truncated file, another schema, more or fewer characters than one, an
            unknown, repeated or missing name, or a value that is not a number in range; the message begins with the
            file and names the controller or option.
    """
    characters = _read(path, schema)
    if len(characters) != 1:
        raise InputError(f"{path} should hold one character, found {len(characters)}: read it as a batch")
    return characters[0]


def read_batch(path: Path, schema: Schema) -> np.ndarray:
    """Read the (N, n) float32 parameters of all characters in a file, without locks.

    Raises:
        InputError: as for `read_parameters`; the message also gives the number of the character.
    """
    return np.stack([character.values for character in _read(path, schema)])


def write_parameters(path: str | Path, parameters: Parameters, *, sync: bool = True) -> None:
    """Write one character, whole or not at all; the suffix says in which form.

    Args:
        path: the file.
        parameters: the character.
        sync: wait until the data is on the disk, see `open_whole`.

    Raises:
        InputError: an unknown suffix, or a folder that cannot be written to.
    """
    path = Path(path)
    form = _form(path)
    if parameters.locked and not form.keeps_locks:
        logger.warning("%s: locks (%d) are not stored in this format; JSON stores them", path, len(parameters.locked))
    with open_whole(path, sync=sync) as file:
        file.write(form.encode([parameters]))


def write_batch(path: Path, vectors: np.ndarray, schema: Schema) -> None:
    """Write (N, n) parameters, N > 0, atomically; a JSON file holds one character only.

    Raises:
        InputError: an unknown suffix, a wrong value, or a folder that cannot be written to.
    """
    form = _form(path)
    if np.ndim(vectors) != 2 or len(vectors) == 0:
        raise InputError(f"{path}: a batch needs one row or more, found an array of shape {np.shape(vectors)}")
    if form.one_character and len(vectors) > 1:
        raise InputError(f"{path}: a {path.suffix} file holds one character, found {len(vectors)}: use .csv or .f32")
    checked = check_vectors(vectors, schema)
    write_whole(path, form.encode([Parameters(schema, row) for row in checked]))


def to_json(parameters: Parameters) -> dict[str, object]:
    """Return one character as the plain data of its JSON file; its numbers restore the same float32.

    Example:
        >>> from f2p_deploy.character.parameters import average
        >>> from f2p_deploy.character.schema import load_schema
        >>> data = to_json(average(load_schema("justice-female")))
        >>> data["schema"], data["controllers"]["eyebrow.head.tx"]
        ('justice-female', 0.5)
    """
    discrete: dict[str, object] = {}
    for group, part in parameters.schema.discrete_slices.items():
        probabilities = parameters.values[part]
        one_hot = np.count_nonzero(probabilities) == 1 and probabilities.max() == 1.0
        by_option = dict(zip(parameters.probabilities(group), map(_short, probabilities), strict=True))
        discrete[group] = parameters.choice(group) if one_hot else by_option
    names = parameters.schema.controller_index
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema": parameters.schema.name,
        "schema_fingerprint": parameters.schema.fingerprint,
        "controllers": {name: _short(parameters.values[i]) for name, i in names.items()},
        "discrete": discrete,
        "locked": sorted(parameters.locked),
    }


def from_json(data: object, schema: Schema) -> Parameters:
    """Build one character from the plain data of a JSON file, which may have been edited by hand.

    `schema_fingerprint` and `locked` are optional; so is `discrete` if the schema has no discrete groups.

    Raises:
        InputError: another schema, or an unknown, missing or wrong entry.
    """
    if not isinstance(data, dict):
        raise InputError("not a parameter file: it is not an object with names")
    if data.get("format") != FORMAT:
        raise InputError(f"not a parameter file: its 'format' is not {FORMAT!r}")
    if data.get("version") != VERSION:
        raise InputError(f"'version' must be {VERSION}, found {data.get('version')!r}")
    if data.get("schema") != schema.name:
        raise InputError(f"'schema' must be {schema.name!r}, found {data.get('schema')!r}")
    if data.get("schema_fingerprint", schema.fingerprint) != schema.fingerprint:
        raise InputError(
            f"written for another version of schema {schema.name!r}; to read it by name anyway, "
            "check its values and remove 'schema_fingerprint'"
        )
    known = ("format", "version", "schema", "schema_fingerprint", "controllers", "discrete", "locked")
    for key in data:
        if key not in known:
            raise InputError(f"unknown entry {key!r}{suggestion(key, known)}")
    discrete = _by_name(data, "discrete") if schema.discrete_groups or "discrete" in data else {}
    locked = data.get("locked", [])
    if not isinstance(locked, list) or not all(isinstance(name, str) for name in locked):
        raise InputError(f"'locked' must be a list of names, found {locked!r}")
    named: dict[str, Value] = {}
    for entries, names, what in (
        (_by_name(data, "controllers"), tuple(schema.controller_index), "controller"),
        (discrete, tuple(schema.discrete_slices), "discrete group"),
    ):
        for name, value in entries.items():
            if name not in names:
                raise InputError(f"no {what} named {name!r}{suggestion(name, names)}")
            named[name] = value
    return Parameters.from_names(schema, named, locked)


def _read(path: Path, schema: Schema) -> list[Parameters]:
    form = _form(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return form.decode(content, schema)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text, from byte {error.start} on") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _decode_json(content: bytes, schema: Schema) -> list[Parameters]:
    text = content.decode("utf-8-sig")
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise InputError(f"damaged or truncated JSON{place_of(error)}") from error
    except RecursionError as error:
        raise InputError("not a parameter file: nested too deeply") from error
    return [from_json(data, schema)]


def _encode_json(characters: list[Parameters]) -> bytes:
    return (json.dumps(to_json(characters[0]), indent=2, ensure_ascii=False) + "\n").encode()


def _decode_csv(content: bytes, schema: Schema) -> list[Parameters]:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise InputError(f"damaged or truncated CSV at line {reader.line_num}") from error
    if len(lines) < 2:
        raise InputError("needs a header row of names and one row per character")
    header, columns = [name.strip() for name in lines[0]], column_names(schema)
    if len(header) == 1 and ";" in header[0]:
        raise InputError("its columns are separated by ';': save it with ',' as the separator")
    for name in header:
        if name not in columns:
            raise InputError(f"no column named {name!r} in schema {schema.name!r}{suggestion(name, columns)}")
        if header.count(name) > 1:
            raise InputError(f"column {name!r} appears {header.count(name)} times")
    for name in columns:
        if name not in header:
            raise InputError(f"column {name!r} of schema {schema.name!r} is missing")
    rows = [_csv_row(header, cells, number) for number, cells in enumerate(lines[1:], start=1)]
    order = [header.index(name) for name in columns]
    return [Parameters(schema, row) for row in check_vectors(np.array(rows)[:, order], schema)]


def _csv_row(header: list[str], cells: list[str], number: int) -> list[float]:
    if len(cells) != len(header):
        raise InputError(f"character {number} has {len(cells)} values for {len(header)} columns: truncated or damaged")
    row = []
    for name, cell in zip(header, cells, strict=True):
        try:
            row.append(float(cell))
        except ValueError:
            raise InputError(f"character {number}: {name!r} must be a number, found {cell!r}") from None
    return row


def _encode_csv(characters: list[Parameters]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column_names(characters[0].schema))
    writer.writerows([_short(value) for value in character.values] for character in characters)
    return text.getvalue().encode()


def _decode_float32(content: bytes, schema: Schema) -> list[Parameters]:
    size = 4 * schema.n
    if not content or len(content) % size:
        raise InputError(
            f"{len(content)} bytes, but a character of schema {schema.name!r} is {schema.n} float32 = {size} bytes: "
            "truncated, or of another schema"
        )
    rows = np.frombuffer(content, dtype="<f4").reshape(-1, schema.n)
    checked = check_vectors(rows[0], schema)[None] if len(rows) == 1 else check_vectors(rows, schema)
    return [Parameters(schema, row) for row in checked]


def _encode_float32(characters: list[Parameters]) -> bytes:
    return b"".join(character.values.astype("<f4").tobytes() for character in characters)


@dataclass(frozen=True)
class _Form:
    """A file format for characters."""

    decode: Callable[[bytes, Schema], list[Parameters]]
    encode: Callable[[list[Parameters]], bytes]
    keeps_locks: bool = False
    one_character: bool = False


_FLOAT32 = _Form(_decode_float32, _encode_float32)
_FORMS = {
    ".json": _Form(_decode_json, _encode_json, keeps_locks=True, one_character=True),
    ".csv": _Form(_decode_csv, _encode_csv),
    ".f32": _FLOAT32,
    ".bin": _FLOAT32,
}


def _form(path: Path) -> _Form:
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise InputError(f"{path}: unknown suffix {path.suffix!r} for parameters. Available: {', '.join(_FORMS)}")
    return form


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique: dict[str, object] = {}
    for name, value in pairs:
        if name in unique:
            raise InputError(f"{name!r} appears more than once")
        unique[name] = value
    return unique


def _by_name(data: dict, key: str) -> dict:
    if key not in data:
        raise InputError(f"{key!r} is missing")
    if not isinstance(data[key], dict):
        raise InputError(f"{key!r} must map names to values, found {data[key]!r}")
    return data[key]


def _short(value: np.float32) -> float:
    """Return the shortest decimal that reads back as the same float32."""
    shortest = float(str(value))
    return shortest if np.float32(shortest) == value else float(value)
