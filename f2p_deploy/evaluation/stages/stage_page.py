"""The report on stages: rows for the terminal, and an HTML page."""

from pathlib import Path

from f2p_deploy.evaluation.stages.measure_stages import StageReport
from f2p_deploy.evaluation.stages.stage_result import Sheet, StageResult
from f2p_deploy.report.page import Card, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.errors import InputError

#: Longest edge of a large and of a small picture in the page, in pixels.
_LARGE, _SMALL = 256, 160

SUMMARY_HEADERS = ("stage", "badness", "main figures")
FIGURE_HEADERS = ("measure", "measured", "perfect", "baseline")

_NOTES = (
    "Badness is 0 for a perfect stage and 1 for an uninformed baseline; above 1 a stage is worse than the baseline. "
    "Every stage gets true inputs, or is compared with the best result that its inputs allow, so a bad stage does not "
    "spoil the figures of later ones.",
    "All renders and photos are held out of training.",
)


def summary_rows(report: StageReport) -> list[tuple[str, str, str]]:
    """Return a row for each stage: name, badness, and main figures or the reason why there are none."""
    rows = []
    for result in report.results:
        main = "; ".join(f"{f.name} {_number(f.value, f.unit)}" for f in result.figures[: result.main])
        badness = "-" if result.badness is None else f"{result.badness:.2f}"
        rows.append((result.stage, badness, main or result.missing))
    return rows


def figure_rows(result: StageResult) -> list[tuple[str, str, str, str]]:
    """Return a row for each figure: name, value, and the values of a perfect stage and of the baseline."""
    return [
        (f.name, _number(f.value, f.unit), _number(f.perfect, f.unit), _number(f.nothing, f.unit))
        for f in result.figures
    ]


def write_stage_page(report: StageReport, folder: Path) -> Path:
    """Write `index.html` into a folder, created if missing; return the page's path.

    Raises:
        InputError: the folder or the page cannot be written.
    """
    order = [result.stage for result in report.results]
    marked = [] if report.verdict is None else [order.index(report.verdict)]
    rows = [
        (r.stage, "-" if r.badness is None else f"{r.badness:.2f}", r.missing if r.badness is None else r.basis)
        for r in report.results
    ]
    text = f"{report.sentence[:1].upper()}{report.sentence[1:]}."
    cards = [Card("Verdict", (Table(("stage", "badness", "measured by"), rows, marked=marked),), text)]
    cards += [_card(result) for result in report.results]
    facts = {"bundle": report.bundle.label, "schema": report.bundle.schema.name}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    page = folder / "index.html"
    write_page(page, "Badness of every stage", facts, cards, _NOTES)
    return page


def _card(result: StageResult) -> Card:
    title = result.stage.capitalize()
    if result.badness is None:
        return Card(title, text=f"Not measured: {result.missing}.")
    rows = [row for sheet in result.sheets for row in _pictures(sheet)]
    text = f"Badness {result.badness:.2f}: {result.basis}."
    return Card(title, (Table(FIGURE_HEADERS, figure_rows(result)), *rows), text)


def _pictures(sheet: Sheet) -> list[PictureRow]:
    return [
        PictureRow(
            [
                Picture(data_uri(picture, _LARGE if sheet.large else _SMALL), name if i == 0 else "")
                for i, picture in enumerate(row)
            ],
            title=sheet.title if position == 0 else "",
            small=not sheet.large,
        )
        for position, (name, row) in enumerate(sheet.rows.items())
    ]


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    text = f"{value:.0f}" if float(value).is_integer() else f"{value:.3f}"
    return f"{text} {unit}" if unit else text
