"""CelebA's folders and tables (Liu et al. 2015): its photos, its partition and its attributes, where they are found.

Layouts that are recognised, each named by its root or by the folder of its photos:

* the original: `Img/img_celeba/*.jpg` or `Img/img_align_celeba/*.jpg`, `Anno/list_attr_celeba.txt` and
  `Eval/list_eval_partition.txt`; `Img`, `Anno` and `Eval` may be left out, as torchvision does;
* Kaggle's: `img_align_celeba/img_align_celeba/*.jpg`, `list_attr_celeba.csv` and `list_eval_partition.csv`.

The photos of `img_celeba` are taken if both are there: they are larger, and aligned here in any case. Tables are read
row by row, and the files of photos are not opened.
"""

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError

log = logging.getLogger(__name__)

#: Folders of photos, below the root; the first that exists is taken.
_PHOTOS = tuple(
    f"{above}{name}"
    for name in ("img_celeba", "img_align_celeba/img_align_celeba", "img_align_celeba", "img_align_celeba_png")
    for above in ("Img/", "")
)

#: Folders of tables below the root.
_TABLES = ("Anno", "Eval", "")

ATTRIBUTES, PARTITION = "list_attr_celeba", "list_eval_partition"

#: The parts of `list_eval_partition`, by their numbers. Stages train on the first alone.
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Attributes:
    """The table of attributes.

    Args:
        rows: the row of each photo, by its name without the suffix.
        names: (A,) such as `Male` and `Blurry`.
        values: (N, A) int8: 1 for yes, -1 for no.
    """

    rows: Mapping[str, int]
    names: tuple[str, ...]
    values: np.ndarray

    def of(self, photo: Path) -> dict[str, bool]:
        """Return the attributes of a photo by name; empty if the table does not hold it."""
        row = self.rows.get(photo.stem)
        return {} if row is None else dict(zip(self.names, (self.values[row] > 0).tolist(), strict=True))


def photo_folder(folder: Path) -> Path:
    """Return the folder of photos that a folder stands for: itself, unless it is CelebA's root."""
    for name in _PHOTOS:
        below = folder / name
        if below.is_dir() and (below.name == "img_celeba" or _holds_photos(below)):
            return below
    return folder


def partition_of(photo: Path) -> str | None:
    """Return the part of CelebA that a photo belongs to, one of `PARTS`; None if no partition beside it names it.

    Raises:
        InputError: the partition is damaged.
    """
    part = _partition(photo.parent).get(photo.stem)
    return None if part is None else PARTS[part]


def attributes_of(folder: Path) -> Attributes | None:
    """Return CelebA's attributes of the photos in a folder; None if there is no such table.

    Raises:
        InputError: the table is damaged.
    """
    return _attributes(photo_folder(folder))


def without_attributes(photos: Sequence[Path], left_out: Sequence[str]) -> list[Path]:
    """Return the photos that have none of some attributes; photos without a table, or without a row, stay.

    Raises:
        InputError: a table does not have such an attribute, or is damaged.
    """
    if not left_out:
        return list(photos)
    kept = []
    for photo in photos:
        table = _attributes(photo.parent)
        if table is not None:
            for name in left_out:
                if name not in table.names:
                    raise InputError(f"CelebA has no attribute {name!r}{suggestion(name, table.names)}")
            row = table.rows.get(photo.stem)
            if row is not None and (table.values[row, [table.names.index(name) for name in left_out]] > 0).any():
                continue
        kept.append(photo)
    return kept


@lru_cache(maxsize=16)
def _partition(folder: Path) -> Mapping[str, int]:
    path = _table(folder, PARTITION)
    parts: dict[str, int] = {}
    if path is not None:
        for where, name, values in _rows(path, 1):
            if len(values) != 1 or values[0] not in ("0", "1", "2"):
                raise InputError(f"{where} should be a photo and 0, 1 or 2, found {' '.join((name, *values))!r}")
            parts[Path(name).stem] = int(values[0])
    return parts


@lru_cache(maxsize=16)
def _attributes(folder: Path) -> Attributes | None:
    path = _table(folder, ATTRIBUTES)
    if path is None:
        return None
    names, said = _heading(path)
    rows: dict[str, int] = {}
    values = bytearray()
    for where, name, words in _rows(path, len(names)):
        wrong = [word for word in words if word not in ("1", "-1", "0")]
        if wrong or len(words) != len(names):
            found = repr(wrong[0]) if wrong else f"{len(words)} values"
            raise InputError(f"{where} should be a photo and {len(names)} values 1 or -1, found {found}")
        rows[Path(name).stem] = len(rows)
        values += bytes(word == "1" for word in words)
    if said is not None and said != len(rows):
        log.warning("%s holds %d photos, its first line says %d: it may be incomplete", path, len(rows), said)
    table = np.frombuffer(values, np.int8).reshape(-1, len(names)) * np.int8(2) - np.int8(1)
    return Attributes(rows, names, table)


def _heading(path: Path) -> tuple[tuple[str, ...], int | None]:
    """Return the names of the attributes, and the number of photos that the first line states (not in CSV)."""
    with _opened(path) as lines:
        first = next(lines, "")
        if path.suffix == ".csv":
            names, said = tuple(word.strip() for word in first.split(",")[1:]), None
        else:
            said = int(first) if first.strip().isdigit() else -1
            names = tuple(next(lines, "").split())
    if not names or said == -1:
        raise InputError(
            f"{path} should begin with the number of photos and a line of names, or as CSV with image_id and the names"
        )
    return names, said


def _rows(path: Path, count: int) -> Iterator[tuple[str, str, list[str]]]:
    """Yield file and line, a photo's name, which may hold spaces, and the values of each row.

    Args:
        path: `.csv` with a heading, or `.txt`; in that the rows of attributes follow two lines.
        count: number of values in a row.
    """
    heading = 1 if path.suffix == ".csv" else 2 if path.stem == ATTRIBUTES else 0
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if number <= heading or not line.strip():
                continue
            if path.suffix == ".csv":
                name, *values = next(csv.reader([line]))
            else:
                words = line.split()
                at = max(1, len(words) - count)
                name, values = " ".join(words[:at]), words[at:]
            yield f"{path}, line {number}", name, [value.strip() for value in values]


class _opened:
    """The lines of a text file, whose errors name it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Iterator[str]:
        try:
            self.file = self.path.open(encoding="utf-8-sig")
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {reason_of(error, 'it is damaged')}") from error
        return iter(self.file)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        self.file.close()
        if isinstance(error, OSError | ValueError | csv.Error):
            raise InputError(f"cannot read {self.path}: {reason_of(error, 'it is not text in UTF-8')}") from error


def _table(folder: Path, stem: str) -> Path | None:
    """Return the table of a name that belongs to a folder of photos; None if there is none, or another data set's."""
    if not folder.name.startswith(("img_celeba", "img_align_celeba")):
        return None
    absolute = folder.absolute()
    for above in absolute.parents[:3]:
        for name in _TABLES:
            for suffix in (".txt", ".csv"):
                path = above / name / f"{stem}{suffix}"
                if path.is_file():
                    return path
    return None


def _holds_photos(folder: Path) -> bool:
    return any(file.suffix.lower() in SUFFIXES for file in folder.iterdir())
