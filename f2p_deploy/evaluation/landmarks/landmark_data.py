"""The landmark measurement as data: one JSON object, and one CSV row per compared picture."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.landmarks.degrade import Condition
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport, Measured
from f2p_deploy.evaluation.landmarks.pose_true_report import PoseTrueSummary
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import cell, json_text

#: The CSV's value of `condition` for photos that were not degraded.
SHARP = "sharp"

#: Columns of the pose-true distance, one per figure.
POSE_TRUE = tuple(f"pose_true_{figure}" for figure in FIGURES)

_COLUMNS = ("photo", "yaw", "eye_distance", "condition", "subject", "status", *FIGURES, *POSE_TRUE)


def landmarks_as_data(report: LandmarkReport) -> dict[str, Any]:
    """Return plain data for JSON; an infinite figure, caused by failures, becomes null."""
    return {
        "bundle": report.bundle,
        "bundle_fingerprint": report.fingerprint,
        "schema": report.schema,
        "engine": report.engine,
        "only": report.only,
        "seed": report.seed,
        "unit": "outer-eye distance of the aligned photo",
        "together": "mean of the five parts' means",
        "photos": {"asked": report.total, "measured": len(report.measured), "refused": len(report.refused)},
        "complete": report.complete,
        "summary": {
            subject: {
                "figures": {figure: _estimate(estimate) for figure, estimate in summary.figures.items()},
                "below_average": _estimate(summary.below_average),
                "failures": summary.failures,
            }
            for subject, summary in report.summaries.items()
        },
        "pose_true": {
            "turned": report.turns,
            "expression_taken_out": report.neutral,
            "summary": {subject: _pose_true(summary) for subject, summary in report.pose_true.items()},
        },
        "by_yaw": [
            {
                "from": low,
                "below": high,
                "photos": len(photos),
                "medians": {s: _finite(np.median(report.values(s, photos=photos))) for s in report.subjects},
            }
            for low, high, photos in report.by_yaw
        ],
        "degraded": [_condition(report, condition) for condition in report.conditions if report.spoiled_by(condition)],
        "results": [
            {
                "photo": one.name,
                "yaw": round(one.yaw, 1),
                "figures": {subject: _figures(values) for subject, values in one.distances.items()},
                "pose_true": {subject: _figures(values) for subject, values in _posed(one).items()},
            }
            for one in report.measured
        ],
        "refused": [{"photo": one.name, "reason": one.reason, "message": one.message} for one in report.refused],
    }


def write_json(report: LandmarkReport, path: Path) -> None:
    """Write the result of `landmarks_as_data` atomically.

    Raises:
        InputError: it cannot be written.
    """
    write_whole(path, (json_text(landmarks_as_data(report)) + "\n").encode())


def write_landmark_csv(report: LandmarkReport, path: Path) -> None:
    """Write one CSV row per comparison and one per refused photo.

    Raises:
        InputError: it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(cell, row) for row in _rows(report))
    write_whole(path, text.getvalue().encode("utf-8"))


def _rows(report: LandmarkReport) -> Iterator[list[object]]:
    for one in report.measured:
        facts = [one.name, f"{one.yaw:.1f}", f"{one.eye_distance:.1f}"]
        posed = _posed(one)
        for subject, values in one.distances.items():
            yield [*facts, SHARP, subject, *_cells(values), *_numbers(posed.get(subject))]
        for condition, spoiled in one.spoiled.items():
            for mode, values in spoiled.distances.items():
                yield [*facts, condition, mode, *_cells(values, spoiled.failure), *_numbers(None)]
    for refused in report.refused:
        yield [refused.name, "", "", SHARP, "", refused.reason, *[""] * len(FIGURES), *_numbers(None)]


def _cells(values: np.ndarray, failure: str = "") -> list[str]:
    """Return the status and the figures of one comparison."""
    if np.isinf(values).any():
        return [failure or "no-face-in-render", *[""] * len(values)]
    return ["measured", *(f"{value:.5f}" for value in values)]


def _posed(one: Measured) -> dict[str, np.ndarray]:
    """Return the pose-true figures of one photo by subject; empty if it has none."""
    pose_true = one.pose_true
    return {} if pose_true is None else {subject: pose_true.distances(subject) for subject in pose_true.meshes}


def _numbers(values: np.ndarray | None) -> list[str]:
    """Return the pose-true cells of one comparison; empty strings if it has none."""
    if values is None or np.isinf(values).any():
        return [""] * len(POSE_TRUE)
    return [f"{value:.5f}" for value in values]


def _pose_true(summary: PoseTrueSummary) -> dict[str, Any]:
    return {
        "figures": {figure: _estimate(estimate) for figure, estimate in summary.figures.items()},
        "below_average": _estimate(summary.below_average),
        "centred": {figure: _estimate(estimate) for figure, estimate in summary.centred.items()},
        "centred_below_average": _estimate(summary.centred_below_average),
        "correlation": _estimate(summary.correlation),
        "followed": _estimate(summary.followed),
        "failures": summary.failures,
        "pose_missed_degrees": _finite(summary.missed),
    }


def _condition(report: LandmarkReport, condition: Condition) -> dict[str, Any]:
    spoiled = [one.spoiled[condition.label] for one in report.spoiled_by(condition)]
    return {
        "condition": condition.label,
        "kind": condition.kind,
        "strength": condition.strength,
        "photos": len(spoiled),
        "alignment_failures": sum(bool(one.failure) for one in spoiled),
        "moved": _finite(np.median([one.moved for one in spoiled])),
        "modes": {
            mode: {
                "sharp": _estimate(growth.sharp),
                "degraded": _estimate(growth.spoiled),
                "times": _estimate(growth.times),
                "below_average": _estimate(growth.below_average),
                "failures": growth.failures,
            }
            for mode, growth in report.growth[condition.label].items()
        },
    }


def _figures(values: np.ndarray) -> dict[str, float | None]:
    return {figure: _finite(value) for figure, value in zip(FIGURES, values, strict=True)}


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": _finite(estimate.value), "low": _finite(estimate.low), "high": _finite(estimate.high)}


def _finite(value: float | np.floating) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None
