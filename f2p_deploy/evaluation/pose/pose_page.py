"""The pose measurement in tables, as data, and as a page with a strip of pictures for some heads."""

import math
from pathlib import Path
from typing import Any

from f2p_deploy.evaluation.pose.measure_pose import POSE_FIGURES, MeasuredSeries, PoseReport
from f2p_deploy.report.page import Card, Part, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text

#: Edge of a picture in pixels, and its smallest width on the page: nine fit into a line.
_EDGE, _NARROWEST = 176, 110

_TITLES = {
    "sliders": ("Sliders", "Mean change of a slider from the frontal photo's result, in shares of its range."),
    "choices": ("Choices", "Share of choices (hair, glasses, ...) that differ from the frontal photo's result."),
    "identity": ("Identity", "Cosine of the descriptors of both characters, drawn from the front: 1 is the same."),
    "landmarks": ("Landmarks", "Mean distance of the meshes of both characters, drawn from the front / outer eyes."),
}


def pose_tables(report: PoseReport) -> tuple[Table, ...]:
    """Return a table for each figure, that of the error of known characters, and the number of photos."""
    tables = [_figure_table(report, figure) for figure in POSE_FIGURES]
    if report.known and report.series:
        errors = {mode: [report.mean_error(mode, yaw) for yaw in report.yaws] for mode in report.modes}
        rows = [(mode, "", *(_text(value, "error") for value in values)) for mode, values in errors.items()]
        text = "Mean difference of a slider from the character that was drawn, in shares of its range."
        tables.append(Table(_headers(report, ""), rows, "Error of the sliders", text))
    return (*tables, _count_table(report))


def _headers(report: PoseReport, second: str) -> tuple[str, ...]:
    return ("", second, *(f"{yaw:+d}°" if yaw else "0°" for yaw in report.yaws))


def _figure_table(report: PoseReport, figure: str) -> Table:
    title, text = _TITLES[figure]
    rows = [
        (
            mode,
            _text(float(report.others[mode][POSE_FIGURES.index(figure)]), figure),
            *(_text(report.mean(mode, figure, yaw), figure) for yaw in report.yaws),
        )
        for mode in report.modes
    ]
    return Table(_headers(report, "another head"), rows, title, text)


def _count_table(report: PoseReport) -> Table:
    counts = [len(report.at(yaw)) for yaw in report.yaws]
    refused = [sum(place == yaw for _, place, _ in report.refused) for yaw in report.yaws]
    rows = [("compared", "", *map(str, counts))]
    if report.known:
        rows.append(("no usable face", "", *map(str, refused)))
    heads = len(report.series)
    text = f"{heads} {'head' if heads == 1 else 'heads'}; each frontal photo is what the others are compared with."
    if report.left_out:
        text += f" Without a frontal photo, and left out: {', '.join(report.left_out[:10])}."
    if report.refused and not report.known:
        text += f" {len(report.refused)} photos had no usable face."
    return Table(_headers(report, ""), rows, "Photos", text)


def _text(value: float, figure: str) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "lost"
    if figure == "identity":
        return f"{value:.2f}"
    return f"{value:.3f}" if figure in ("sliders", "error") else f"{value * 100:.1f} %"


def pose_data(report: PoseReport) -> dict[str, Any]:
    """Return plain data for JSON; None where there is no photo or a face was lost."""

    def number(value: float) -> float | None:
        return round(value, 6) if math.isfinite(value) else None

    return {
        "bundle": report.bundle,
        "bundle_fingerprint": report.fingerprint,
        "yaws": list(report.yaws),
        "heads": len(report.series),
        "known_characters": report.known,
        "complete": report.complete,
        "compared": [len(report.at(yaw)) for yaw in report.yaws],
        "modes": {
            mode: {
                **{figure: [number(report.mean(mode, figure, yaw)) for yaw in report.yaws] for figure in POSE_FIGURES},
                "error": [number(report.mean_error(mode, yaw)) for yaw in report.yaws],
                "another_head": {
                    figure: number(float(value))
                    for figure, value in zip(POSE_FIGURES, report.others[mode], strict=True)
                },
            }
            for mode in report.modes
        },
        "refused": [{"photo": name, "yaw": yaw, "message": message} for name, yaw, message in report.refused],
        "left_out": list(report.left_out),
    }


def write_pose_results(report: PoseReport, out: Path) -> Path:
    """Write `index.html` and `report.json`; return the page.

    Raises:
        InputError: something cannot be written.
    """
    write_whole(out / "report.json", (json_text(pose_data(report)) + "\n").encode())
    cards = [Card("Against the frontal photo", pose_tables(report))]
    cards += [Card(series.name, _strips(series)) for series in report.series if series.strips]
    if report.refused:
        rows = [(name, message) for name, _, message in report.refused[:100]]
        cards.append(Card("Photos without a usable face", (Table(("photo", "what was found"), rows),)))
    page = out / "index.html"
    facts = {"bundle": report.label, "heads": str(len(report.series)), "modes": ", ".join(report.modes)}
    write_page(page, "Pose", facts, cards)
    return page


def _strips(series: MeasuredSeries) -> list[Part]:
    """Return the aligned photos, and below them the characters of each mode."""
    rows: list[Part] = []
    for name, pictures in series.strips.items():
        shown = [
            Picture(data_uri(picture, _EDGE), f"{one.yaw}°", "compared with" if one.frontal else "")
            for picture, one in zip(pictures, series.results, strict=True)
        ]
        rows.append(PictureRow(shown, name, narrowest=_NARROWEST))
    return rows
