"""The table `summary.csv`: a row for each character or failure, with every controller."""

import csv
import io
from pathlib import Path

from f2p_deploy.character.schema import Schema
from f2p_deploy.pipeline.results import Created, Failed, Report
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import cell

_COLUMNS = ("photo", "folder", "status", "reason", "mode", "mode_reason", "seconds", "loss_first", "loss_last")


def write_table(report: Report, schema: Schema, work: Path | None = None) -> None:
    """Write the table atomically; text that a spreadsheet would execute is prefixed with an apostrophe.

    Args:
        report: the results.
        schema: the characters' schema.
        work: the folder for the temporary file, see `write_whole`.

    Raises:
        InputError: the table cannot be written.
    """
    groups = [group.name for group in schema.discrete_groups]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, (*_COLUMNS, *groups, "warnings", *schema.controller_index)))
    for result in report.results:
        row = _created(result) if isinstance(result, Created) else _failed(result, len(groups), schema.n_c)
        writer.writerow(map(cell, row))
    write_whole(report.table, text.getvalue().encode("utf-8"), beside=work)


def _created(result: Created) -> list[object]:
    first, last = (result.losses[0], result.losses[-1]) if result.losses else ("", "")
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
        *result.choices.values(),
        " ".join(result.warnings),
        *(f"{value:.6g}" for value in result.parameters.values[: result.parameters.schema.n_c]),
    ]


def _failed(result: Failed, groups: int, controllers: int) -> list[object]:
    empty = [""] * (len(_COLUMNS) - 4 + groups)
    return [result.photo, "", "failed", result.reason, *empty, result.message, *[""] * controllers]
