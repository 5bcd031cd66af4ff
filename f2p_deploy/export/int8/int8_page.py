"""The report on 8 bits as a page and as JSON beside the graphs, and its summary for the manifest."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from f2p_deploy.export.calibration.calibration_set import CalibrationSet
from f2p_deploy.export.int8.int8_report import GraphReport
from f2p_deploy.export.int8.verdict import NOISE, NOISE_MEANS, Verdict, with_times
from f2p_deploy.report.curve import draw_curve
from f2p_deploy.report.page import Bars, Card, Drawing, Table, write_page

JSON_FILE, PAGE_FILE = "int8.json", "int8.html"

VERDICT_HEADERS = (
    *("graph", "layers in 8 bits", "weights", "weights as float", "time", "time as float", "times as fast"),
    "worth it here",
)

CURVE_HEADERS = ("graph", "layers in 8 bits", "their weights", "time", "share of the floor", "")

_NOTES = (
    "A layer's bar is the mean error with only this layer in 8 bits and all others in float32. Layers in red stay "
    "float: their error is the largest for what they save.",
    "Share of the floor: at 1 the export would fail. PSNR counts as a root mean square error, cosines and agreements "
    "as the difference from 1. The measurements use held-out faces, not those from which the ranges were calibrated.",
    f"{NOISE_MEANS}.",
)


def calibration_facts(
    calibration: CalibrationSet, reports: Sequence[GraphReport], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Return the manifest's entry: the number of faces, their hash, and the result for each graph."""
    return {
        "faces": calibration.count,
        "hash": calibration.hash,
        "graphs": {report.graph: report.facts() for report in reports},
        "verdict": {verdict.graph: verdict.to_dict() for verdict in verdicts},
        "running": "unproven" if any(verdict.ms is None for verdict in verdicts) else "measured",
    }


def write_report(folder: Path, reports: Sequence[GraphReport], verdicts: Sequence[Verdict]) -> None:
    """Write `int8.json` and `int8.html` into a folder; the verdicts' times replace those of the reports."""
    by_graph = {verdict.graph: verdict for verdict in verdicts}
    reports = [with_times(r, by_graph[r.graph]) if r.graph in by_graph else r for r in reports]
    data = {
        "graphs": [report.to_dict() for report in reports],
        "verdict": [verdict.to_dict() for verdict in verdicts],
    }
    (folder / JSON_FILE).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    sentences = [f"{verdict.sentence()}." for verdict in verdicts]
    cards = [Card("Verdict", (Table(VERDICT_HEADERS, verdict_rows(verdicts)),), " ".join(sentences))]
    cards += [_card(report) for report in reports]
    counts = {report.graph: f"{len(report.quantised)} of {len(report.layers)} layers" for report in reports}
    write_page(folder / PAGE_FILE, "What 8 bits cost", counts, cards, _NOTES)


def verdict_rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Return a table row for each graph, under `VERDICT_HEADERS`."""
    return [
        (
            verdict.graph,
            f"{verdict.quantised} of {verdict.of}",
            f"{verdict.weight_bytes / 1e6:.2f} MB",
            f"{verdict.twin_bytes / 1e6:.2f} MB {verdict.rest}",
            _ms(verdict.ms, verdict.restless),
            _ms(verdict.twin_ms, verdict.restless),
            verdict.times_as_fast() or "not measured",
            f"no: {verdict.why_not}" if verdict.why_not else "unknown" if verdict.speed_ratio is None else "yes",
        )
        for verdict in verdicts
    ]


def curve_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of one graph's curve, under `CURVE_HEADERS`, from all layers in 8 bits to none.

    Args:
        report: `GraphReport.to_dict()`, as in `int8.json`.
    """
    return [
        (
            report["graph"] if position == 0 else "",
            str(point["layers"]),
            f"{point['weight_bytes'] / 1e6:.2f} MB",
            _ms(point["ms"], point["restless"]),
            f"{point['share']:.2f}",
            "chosen" if point["layers"] == len(report["quantised"]) else "missed" if point["share"] > 1 else "",
        )
        for position, point in enumerate(report["curve"])
    ]


def _card(report: GraphReport) -> Card:
    largest = max((layer.error for layer in report.layers), default=0.0) or 1.0
    bars = [
        (
            layer.name,
            layer.error / largest,
            f"{layer.error:.2g} · {layer.weights:,} weights"
            + ("" if layer.int8_ms is None else f" · {_ms(layer.float_ms)} to {_ms(layer.int8_ms)}"),
        )
        for layer in report.layers
    ]
    marked = [position for position, layer in enumerate(report.layers) if layer.name not in report.quantised]
    methods = [(name, f"{error:.4g}") for name, error in report.errors.items()]
    chosen = [position for position, (name, _) in enumerate(methods) if name == report.method]
    points = sorted(report.curve, key=lambda point: point.layers)
    places = [point.layers for point in points]
    parts: list[Table | Bars | Drawing] = [
        Table(("ranges", "mean error"), methods, "All layers in 8 bits, by how ranges are chosen", marked=chosen)
    ]
    if len(points) > 1:
        shares = [round(min(point.share, 10.0), 3) for point in points]
        curve = draw_curve(places, shares, "share of the floor", "layers in 8 bits", "share of the floor")
        parts.append(Drawing(curve, "Accuracy against layers in 8 bits", "Above 1 a floor is missed."))
        times = [point.ms for point in points if point.ms is not None]
        if len(times) == len(points):
            curve = draw_curve(places, times, "time", "layers in 8 bits", "ms")
            parts.append(Drawing(curve, "Time against layers in 8 bits", "The whole graph in ONNX Runtime, here."))
        measures = list(points[0].measures)
        rows = [
            (
                str(p.layers),
                f"{p.weight_bytes / 1e6:.2f} MB",
                f"{p.share:.2f}",
                *(f"{p.measures[measure]:.4g}" for measure in measures),
            )
            for p in reversed(points)
        ]
        at = [i for i, p in enumerate(reversed(points)) if p.layers == len(report.quantised)]
        parts.append(Table(("layers", "weights", "share", *measures), rows, "The whole trade", marked=at))
    parts.append(Bars(bars, "What each layer costs", marked=marked))
    return Card(report.graph, parts, f"{report.sentence()}, judged on {report.judged} others.")


def _ms(value: float | None, restless: bool = False) -> str:
    return "-" if value is None else f"{value:.3g} ms{NOISE if restless else ''}"
