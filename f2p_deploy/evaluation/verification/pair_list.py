"""Pairs from lists of files: CSV, TSV, words separated by spaces, and LFW's `pairs.txt`."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment.photo import read_photo
from f2p_deploy.evaluation.verification.face_pairs import FacePairs
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole

#: Suffixes of lists of pairs.
LIST_SUFFIXES = (".csv", ".tsv", ".txt")

_SAME = {word: True for word in ("1", "true", "same", "yes")}
_SAME |= {word: False for word in ("0", "false", "different", "no")}

#: First cells of a header line.
_HEADERS = {"path", "first", "left", "path1", "file", "photo"}


@dataclass(frozen=True)
class ListedPair:
    """One line of a list.

    Args:
        first, second: paths relative to the list's folder.
        same: whether they show the same person.
        fold: the fold, if the list has a fourth column; None without one.
    """

    first: str
    second: str
    same: bool
    fold: int | None = None


def read_pair_list(path: Path) -> FacePairs:
    """Return the pairs of a list of files; a photo is read when it is opened.

    Each line is `path path same` with an optional fold, separated by commas (`.csv`), tabs (`.tsv`) or spaces (`.txt`);
    `same` is 1, true, same or yes, or 0, false, different or no. A header line is allowed. LFW's `pairs.txt` is read as
    well: `name 1 4` are `name/name_0001.jpg` and `name/name_0004.jpg`, `name 1 other 4` one photo each of two people.

    Args:
        path: the list; the set is named after it, or after its folder if it is called `pairs`.

    Raises:
        InputError: it cannot be read, a line is none of these, or only some lines have a fold.
    """
    rows = _rows(path)
    listed = [_pair(row, f"{path}, line {number}", path.suffix.lower() == ".txt") for number, row in rows]
    folder = path.absolute().parent
    return face_pairs_of(listed, folder, folder.name if path.stem == "pairs" else path.stem)


def face_pairs_of(listed: Sequence[ListedPair], folder: Path, name: str) -> FacePairs:
    """Return listed pairs as a set; a photo is read when it is opened.

    Args:
        listed: the pairs.
        folder: the folder to which their paths are relative.
        name: name of the set.

    Raises:
        InputError: only some pairs have a fold, or there are too few pairs.
    """
    folds = [pair.fold for pair in listed]
    if any(fold is None for fold in folds) and any(fold is not None for fold in folds):
        raise InputError(f"{name}: some pairs have a fold as a fourth column, others have none")
    numbers: dict[str, int] = {}
    pairs = [[numbers.setdefault(file, len(numbers)) for file in (pair.first, pair.second)] for pair in listed]
    files = list(numbers)
    return FacePairs(
        name=name,
        names=files,
        pairs=np.array(pairs, int).reshape(-1, 2),
        same=np.array([pair.same for pair in listed], bool),
        open_picture=lambda i: read_photo(folder / files[i]),
        folds=np.array(folds, int) if folds and folds[0] is not None else None,
    )


def write_pair_list(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write a CSV list with a header.

    Raises:
        InputError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("first", "second", "same", "fold"))
    for pair in pairs:
        writer.writerow((pair.first, pair.second, int(pair.same), "" if pair.fold is None else pair.fold))
    write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the cells of each line with the line's number, without a header."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {path}: it is no text{place_of(error)}") from error
    separator = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
    try:
        cells = [line.split() for line in text.split("\n")] if separator is None else _cells(text, separator)
    except csv.Error as error:
        raise InputError(f"cannot read {path}: it is not a table of text") from error
    rows = [(number, row) for number, row in enumerate(cells, start=1) if row]
    if rows and _is_header(rows[0][1]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{path} lists no pairs")
    return rows


def _cells(text: str, separator: str) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]


def _is_header(row: list[str]) -> bool:
    """Return whether a first line names columns, or counts folds and pairs as LFW's does (`10 300`)."""
    return row[0].lower() in _HEADERS or (len(row) <= 2 and all(cell.isdigit() for cell in row))


def _pair(row: list[str], where: str, spaced: bool) -> ListedPair:
    if spaced and len(row) == 3 and row[1].isdigit() and row[2].isdigit():
        return ListedPair(_lfw_file(row[0], row[1]), _lfw_file(row[0], row[2]), True)
    if spaced and len(row) == 4 and row[1].isdigit() and row[3].isdigit():
        return ListedPair(_lfw_file(row[0], row[1]), _lfw_file(row[2], row[3]), False)
    if not 3 <= len(row) <= 4 or row[2].lower() not in _SAME or not row[0] or not row[1]:
        raise InputError(f"{where} should be: path, path, same (1 or 0), and a fold if you like")
    fold = row[3] if len(row) == 4 else ""
    if fold and not fold.isdigit():
        raise InputError(f"{where}: a fold is a number from 0, found {fold!r}")
    return ListedPair(row[0], row[1], _SAME[row[2].lower()], int(fold) if fold else None)


def _lfw_file(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"
