"""The table `summary.csv`: a row for each character or failure, with every controller."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.character.schema import Schema
from f2p_deploy.pipeline.results import Created, Failed, Report
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import cell

_COLUMNS = ("photo", "folder", "status", "reason", "mode", "mode_reason", "seconds", "loss_first", "loss_last")

#: Further columns if the characters are of a set.
_CHOICE = ("character", "character_reason")


def write_table(report: Report, schema: Schema, work: Path | None = None) -> None:
    """Write the table atomically; text that a spreadsheet would execute is prefixed with an apostrophe.

    Args:
        report: the results.
        schema: the characters' schema; characters of other schemas add columns.
        work: the folder for the temporary file, see `write_whole`.

    Raises:
        InputError: the table cannot be written.
    """
    schemas = (schema, *(result.parameters.schema for result in report.characters))
    groups = list(dict.fromkeys(group.name for one in schemas for group in one.discrete_groups))
    controllers = list(dict.fromkeys(name for one in schemas for name in one.controller_index))
    chosen = _CHOICE if any(result.character for result in report.characters) else ()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, (*_COLUMNS, *chosen, *groups, "warnings", *controllers)))
    for result in report.results:
        if isinstance(result, Created):
            row = _created(result, bool(chosen), groups, controllers)
        else:
            row = _failed(result, len(chosen) + len(groups), len(controllers))
        writer.writerow(map(cell, row))
    write_whole(report.table, text.getvalue().encode("utf-8"), beside=work)


def _created(
    result: Created, with_character: bool, groups: Sequence[str], controllers: Sequence[str]
) -> list[object]:
    first, last = (result.losses[0], result.losses[-1]) if result.losses else ("", "")
    places = result.parameters.schema.controller_index
    return [
        result.photo,
        result.name,
        result.status,
        "",
        result.mode,
        result.mode_reason,
        f"{result.seconds:.3f}",
        first if first == "" else f"{first:.6g}",
        last if last == "" else f"{last:.6g}",
        *((result.character.name, result.character.reason) if with_character and result.character else ()),
        *(result.choices.get(name, "") for name in groups),
        " ".join(result.remarks),
        *(f"{result.parameters.values[places[name]]:.6g}" if name in places else "" for name in controllers),
    ]


def _failed(result: Failed, groups: int, controllers: int) -> list[object]:
    empty = [""] * (len(_COLUMNS) - 4 + groups)
    return [result.photo, "", "failed", result.reason, *empty, result.message, *[""] * controllers]
