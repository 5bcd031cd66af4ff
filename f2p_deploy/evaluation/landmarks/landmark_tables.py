"""The tables of the landmark measurement, for both the page and the terminal."""

import math

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, TOGETHER
from f2p_deploy.evaluation.landmarks.landmark_report import AVERAGE, PHOTO, RANDOM, LandmarkReport
from f2p_deploy.report.page import Table

#: Names of the references in tables; modes keep their names.
NAMES = {PHOTO: "the photo itself", AVERAGE: "average face", RANDOM: "random character"}


def landmark_report_tables(report: LandmarkReport) -> tuple[Table, ...]:
    """Return every table with at least one photo, the most important table first."""
    if not report.measured:
        return ()
    tables = [summary_table(report), parts_table(report)]
    tables[1:1] = pose_true_tables(report) if report.pose_true else []
    tables += [yaw_table(report)] if report.by_yaw else []
    tables += degraded_tables(report) if report.growth else []
    return tuple(tables)


def summary_table(report: LandmarkReport) -> Table:
    """Return the table of all parts together, with confidence intervals and the comparison with the average face."""
    rows = []
    for subject, summary in report.summaries.items():
        together, below = summary.figures[TOGETHER], summary.below_average
        compared = subject not in (PHOTO, AVERAGE)
        rows.append(
            (
                NAMES.get(subject, subject),
                percent(together.value),
                _interval(together),
                percent(below.value, 0) if compared else "",
                _interval(below, 0) if compared else "",
                str(summary.failures),
            )
        )
    return Table(
        ("", "median", "95 % interval", "below average face", "95 % interval", "no face found"),
        rows,
        "Distance from the photo's face",
        "Mean distance of MediaPipe's mesh points in per cent of the photo's outer-eye distance, averaged over the "
        "five parts. The row of the photo itself, landmarked again after alignment, shows the landmarker's error. "
        "Characters are drawn from the front, so the photo's pose and expression count as errors here. A render "
        "without a face counts as infinitely far.",
        marked=(report.subjects.index(report.best),),
    )


def pose_true_tables(report: LandmarkReport) -> list[Table]:
    """Return the pose-true tables: plain and centred figures of all parts together, then by part of the face."""
    rows, parts = [], []
    for subject, summary in report.pose_true.items():
        name, together, centred = NAMES.get(subject, subject), summary.figures[TOGETHER], summary.centred[TOGETHER]
        character = subject not in (PHOTO, AVERAGE)
        rows.append(
            (
                name,
                _with_interval(together, 2),
                _with_interval(summary.below_average) if character else "",
                _with_interval(centred, 2),
                _with_interval(summary.centred_below_average) if character else "",
                _times(summary.correlation) if character else "",
                _times(summary.followed) if character else "",
            )
        )
        parts.append((name, *(percent(summary.figures[figure].value) for figure in FIGURES)))
    subjects = list(report.pose_true)
    marked = (min((subjects.index(mode) for mode in report.modes), key=lambda i: _together(report, subjects[i])),)
    headers = ("median", "pose-true", "below average face", "centred", "below average face", "correlation", "followed")
    return [
        Table(headers, rows, "Pose-true distance from the photo's face", pose_true_note(report), marked=marked),
        Table(("pose-true median", *FIGURES), parts, "Pose-true, by part of the face", marked=marked),
    ]


def pose_true_note(report: LandmarkReport) -> str:
    """Return the note of the pose-true table, including its limitations."""
    pose = (
        "The engine draws each character, and the average face, at the photo's yaw and pitch, and its mesh is aligned "
        "by five points in the same way as the photo's"
        if report.turns
        else "This engine cannot turn a head, so characters are compared in front view, aligned by five points"
    )
    neutral = (
        "; the effect of the photo's expression is removed from its mesh."
        if report.neutral
        else "; the photo's expression is still in its mesh."
    )
    return (
        f"{pose}{neutral} Centred: the mean difference between photos and pictures is removed, so that a character's "
        "deviation from the mean character is compared with its photo's deviation from the mean photo. Correlation: "
        "of a character's individual shape with its photo's, the effect of the pose regressed out; followed: the slope "
        "of that regression. 95 % confidence intervals in brackets."
    )


def parts_table(report: LandmarkReport) -> Table:
    """Return the medians by part of the face."""
    rows = [
        (NAMES.get(subject, subject), *(percent(summary.figures[figure].value) for figure in FIGURES))
        for subject, summary in report.summaries.items()
    ]
    return Table(("median", *FIGURES), rows, "By part of the face", marked=(report.subjects.index(report.best),))


def yaw_table(report: LandmarkReport) -> Table:
    """Return the medians by turn of the photo's head."""
    headers = [f"{low:.0f}-{high:.0f}° ({len(photos)})" for low, high, photos in report.by_yaw]
    rows = [
        (
            NAMES.get(subject, subject),
            *(percent(float(np.median(report.values(subject, photos=photos)))) for _, _, photos in report.by_yaw),
        )
        for subject in report.subjects
    ]
    note = "Absolute yaw in degrees, with the number of photos. Characters are always drawn from the front."
    return Table(("median", *headers), rows, "By turn of the head", note)


def degraded_tables(report: LandmarkReport) -> list[Table]:
    """Return the tables of degraded photos: the growth of the modes' figures, and the lead over the average face."""
    grown, left = [], []
    for condition in report.conditions:
        growth = report.growth.get(condition.label)
        if growth is None:
            continue
        spoiled = [one.spoiled[condition.label] for one in report.spoiled_by(condition)]
        facts = (
            str(len(spoiled)),
            str(sum(bool(one.failure) for one in spoiled)),
            percent(float(np.median([one.moved for one in spoiled]))),
        )
        grown.append((condition.label, *facts, *(_times(growth[mode].times) for mode in report.modes)))
        left.append((condition.label, *(_with_interval(growth[mode].below_average) for mode in report.modes)))
    return [
        Table(
            ("", "photos", "not aligned", "moved", *report.modes),
            grown,
            "Degraded photos: figure / figure of the sharp photos",
            "Each condition separately, compared with the same photos without it, with 95 % confidence intervals; the "
            "sharp photo's mesh is the ground truth. Moved: shift of the aligned face in per cent of the outer-eye "
            "distance. A condition excludes photos whose face is already as small as it asks; a photo that can no "
            "longer be aligned counts as infinitely far.",
        ),
        Table(("", *report.modes), left, "Degraded photos: below the average face"),
    ]


def percent(value: float, digits: int = 2) -> str:
    """Return a share in per cent; `none` if failures made it infinite."""
    return f"{100 * value:.{digits}f} %" if math.isfinite(value) else "none"


def _interval(estimate: Estimate, digits: int = 2) -> str:
    low, high = (f"{100 * v:.{digits}f}" if math.isfinite(v) else "none" for v in (estimate.low, estimate.high))
    return f"{low} to {high}"


def _with_interval(estimate: Estimate, digits: int = 0) -> str:
    return f"{percent(estimate.value, digits)} ({_interval(estimate, digits)})"


def _together(report: LandmarkReport, subject: str) -> float:
    return report.pose_true[subject].figures[TOGETHER].value


def _times(estimate: Estimate) -> str:
    value, low, high = (
        f"{v:.2f}" if math.isfinite(v) else "none" for v in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"
