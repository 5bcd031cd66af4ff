"""A subjective evaluation in tables, as data and as CSV."""

import csv
import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.selection.published_selection import TABLE_7, TABLE_9
from f2p_deploy.evaluation.selection.selection_ratios import SelectionReport
from f2p_deploy.report.page import Table
from f2p_deploy.system.names import cell

_MEASURED = ("selection ratio", "95 % interval")


def selection_tables(report: SelectionReport) -> tuple[Table, ...]:
    """Return Table 7, Table 9 if the methods are its losses, the judges, and the positions."""
    tables = [_table_7(report)]
    if set(report.selection.methods) & set(TABLE_9):
        tables.append(_table_9(report))
    return (*tables, _judge_table(report), _position_table(report))


def _table_7(report: SelectionReport) -> Table:
    quoted = {name: tuple(map(_spread_text, figures)) for name, figures in TABLE_7.items()}
    headers = ("", *_MEASURED, "in-the-wild (quoted)", "HD front view (quoted)")
    text = (
        f"{_counted(report)} The share of judges who selected a method's character of a photo, mean over photos; "
        "intervals by bootstrap over judges and photos. Quoted columns are the paper's figures, on other networks, "
        "another game and other people: 15 judges, 50 photos in each column. The paper does not say what its "
        "plus-minus is."
    )
    return _beside("Table 7: selection ratio", headers, report, quoted, text)


def _table_9(report: SelectionReport) -> Table:
    quoted = {name: (_spread_text(figure),) for name, figure in TABLE_9.items()}
    text = "The losses that the translator was trained with; the quoted column is the paper's."
    return _beside("Table 9: selection ratio by loss", ("", *_MEASURED, "quoted"), report, quoted, text)


def _beside(
    title: str, headers: tuple[str, ...], report: SelectionReport, quoted: Mapping[str, tuple[str, ...]], text: str
) -> Table:
    """Return the measured methods, each beside the paper's of the same name, then the paper's others."""
    across = len(headers) - 1 - len(_MEASURED)
    rows = [
        (name, _percent(found.value), interval_text(found), *quoted.get(name, ("",) * across))
        for name, found in report.ratios.items()
    ]
    rows += [(f"{name} (quoted)", "", "", *figures) for name, figures in quoted.items() if name not in report.ratios]
    return Table(headers, rows, title, text, tuple(range(len(report.ratios))))


def _judge_table(report: SelectionReport) -> Table:
    rows = [
        (
            one.judge,
            str(len(one.choices)),
            *(_percent(ratio) for ratio in report.ratios_of(one)),
            f"{np.median([choice.seconds for choice in one.choices.values()]):.1f}",
        )
        for one in report.sittings
    ]
    agreement = (
        "With one judge, the intervals say nothing about other people."
        if math.isnan(report.agreement)
        else f"Two judges selected the same character of a photo in {_percent(report.agreement)} of the cases; by "
        f"chance it would be {_percent(report.chance)}."
    )
    return Table(("", "photos", *report.selection.methods, "seconds"), rows, "Judges", f"{agreement} Seconds: median.")


def _position_table(report: SelectionReport) -> Table:
    shares = tuple(_percent(float(share)) for share in report.by_position)
    headers = ("", *(str(i + 1) for i in range(len(shares))))
    text = f"Orders are random: places far from {_percent(1 / len(shares))} show a habit of the judges."
    return Table(headers, [("choices", *shares)], "Choices by place on the screen", text)


def _counted(report: SelectionReport) -> str:
    judges, photos = len(report.sittings), int((report.answers > 0).sum())
    one = "1 judge" if judges == 1 else f"{judges} judges"
    text = f"{one}, {photos} photos."
    if report.complete < judges:
        text += f" {judges - report.complete} of them did not judge every photo."
    return text


def interval_text(found: Estimate) -> str:
    """Return an interval of shares: `41 to 55 %`, to a tenth."""
    return f"{found.low * 100:.1f} to {found.high * 100:.1f} %"


def _spread_text(figure: tuple[float, float]) -> str:
    digits = 2 if round(figure[0], 3) != figure[0] else 1
    return f"{figure[0] * 100:.{digits}f} ± {figure[1] * 100:.{digits}f} %"


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def selection_data(report: SelectionReport) -> dict[str, Any]:
    """Return plain data for JSON."""
    selection = report.selection
    return {
        "selection": selection.digest,
        "drawn_by": selection.drawn_by,
        "photos": len(selection.photos),
        "photos_judged": int((report.answers > 0).sum()),
        "methods": {
            name: {"ratio": round(found.value, 6), "low": round(found.low, 6), "high": round(found.high, 6)}
            for name, found in report.ratios.items()
        },
        "judges": [
            {
                "judge": one.judge,
                "photos": len(one.choices),
                "saved": one.saved,
                "ratios": dict(zip(selection.methods, (round(x, 6) for x in report.ratios_of(one)), strict=True)),
            }
            for one in report.sittings
        ],
        "agreement": None if math.isnan(report.agreement) else round(report.agreement, 6),
        "agreement_by_chance": None if math.isnan(report.chance) else round(report.chance, 6),
        "by_position": [round(float(share), 6) for share in report.by_position],
        "by_photo": {
            photo.name: {
                "judges": int(count),
                **({} if not count else dict(zip(selection.methods, row.round(6).tolist(), strict=True))),
            }
            for photo, count, row in zip(selection.photos, report.answers, report.by_photo, strict=True)
        },
        "published": {
            "table_7": {name: {"in-the-wild": a, "hd-front-view": b} for name, (a, b) in TABLE_7.items()},
            "table_9": dict(TABLE_9),
        },
    }


def selection_csv(report: SelectionReport) -> str:
    """Return every choice as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("judge", "photo", "method", "place", "seconds"))
    names = {photo.identity: photo.name for photo in report.selection.photos}
    for one in report.sittings:
        for identity, choice in one.choices.items():
            values = (one.judge, names[identity], choice.method, choice.position + 1, choice.seconds)
            writer.writerow([cell(value) for value in values])
    return text.getvalue()
