"""Tables of labels: options, age and sex of photos, by the names of the schema."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.model.held import read_controllers
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of photos.

    Args:
        names: (N,) names of the photos, folder and file.
        options: by discrete group, (N,) int64 positions of options, -1 where unknown.
        sliders: by controller, (N,) float32 in [0, 1], NaN where unknown.
    """

    names: tuple[str, ...]
    options: Mapping[str, np.ndarray]
    sliders: Mapping[str, np.ndarray]


def read_labels(path: Path, schema: Schema) -> Labels:
    """Read a table of labels.

    The column `photo` holds folder and file. Every other column is a discrete group with names of options, or a
    controller tagged as age or sex with numbers in [0, 1]. An empty cell is unknown.

    Args:
        path: CSV file in UTF-8.
        schema: gives the groups and controllers.

    Raises:
        InputError: the file cannot be read, or has a name that the schema lacks; says the line and the name.
    """
    groups = {group.name: group.options for group in schema.discrete_groups}
    controllers = {schema.controllers[i].name for i in read_controllers(schema)}
    columns, rows = label_rows(path)
    columns.remove("photo")
    for name in columns:
        if name not in groups and name not in controllers:
            known = (*groups, *sorted(controllers))
            hint = suggestion(name, known)
            raise InputError(f"{path}: the schema {schema.name!r} has no part {name!r} to read{hint}")
    options = {name: np.full(len(rows), -1) for name in columns if name in groups}
    sliders = {name: np.full(len(rows), np.nan, np.float32) for name in columns if name in controllers}
    for i, row in enumerate(rows):
        for name in columns:
            word = (row[name] or "").strip()
            if not word:
                continue
            if name in groups:
                if word not in groups[name]:
                    where = f"{path}, line {i + 2}"
                    raise InputError(f"{where}: {name} has no option {word!r}{suggestion(word, groups[name])}")
                options[name][i] = groups[name].index(word)
            else:
                sliders[name][i] = _slider(word, f"{path}, line {i + 2}: {name}")
    return Labels(tuple(row["photo"] for row in rows), options, sliders)


def label_rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a table of labels.

    Raises:
        InputError: the file is not such a table, has no rows, or lists a column or a photo twice.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows, columns = list(reader), list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the labels {path}: {reason_of(error, 'it is not a table in UTF-8')}") from error
    if "photo" not in columns:
        raise InputError(
            f"{path} should be a table with commas, a column 'photo' and one for each part that is known"
        )
    if not rows:
        raise InputError(f"{path} has columns but no rows")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InputError(f"{path} has two columns {twice!r}")
    lines: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        if None in row:
            raise InputError(f"{path}, line {line} has more cells than the {len(columns)} columns")
        if row["photo"] in lines:
            raise InputError(f"{path}, line {line} names {row['photo']!r} again, as line {lines[row['photo']]} does")
        lines[row["photo"]] = line
    return columns, rows


def _slider(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{where} is a number in [0, 1], found {word!r}")
    return value
