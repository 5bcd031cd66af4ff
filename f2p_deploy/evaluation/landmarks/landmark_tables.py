"""The landmark measurement in tables, for the page and for the terminal alike."""

import math

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, TOGETHER
from f2p_deploy.evaluation.landmarks.landmark_report import AVERAGE, PHOTO, RANDOM, LandmarkReport
from f2p_deploy.report.page import Table

#: What tables call the references; modes are called by their names.
NAMES = {PHOTO: "the photo itself", AVERAGE: "average face", RANDOM: "random character"}


def landmark_report_tables(report: LandmarkReport) -> tuple[Table, ...]:
    """Return every table that there are photos for, the most important one first."""
    if not report.measured:
        return ()
    found = [summary_table(report), parts_table(report)]
    found[1:1] = pose_true_tables(report) if report.pose_true else []
    found += [yaw_table(report)] if report.by_yaw else []
    found += degraded_tables(report) if report.growth else []
    return tuple(found)


def summary_table(report: LandmarkReport) -> Table:
    """Return the figures of all parts together, with intervals, beside the average face's."""
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
        "Mean distance of MediaPipe's mesh points in per cent of the photo's outer-eye distance, as the mean of the "
        "five parts; the photo itself, landmarked again when aligned, shows the landmarker's own error. Characters are "
        "drawn from the front, so the photo's turn and expression count as errors here. A render without a face counts "
        "as infinitely far.",
        marked=(report.subjects.index(report.best),),
    )


def pose_true_tables(report: LandmarkReport) -> list[Table]:
    """Return the pose-true figures: plain and centred together, then by part of the face."""
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
    headers = ("median", "pose-true", "below average face", "centred", "below average face", "goes with", "followed")
    return [
        Table(headers, rows, "Pose-true distance from the photo's face", pose_true_note(report), marked=marked),
        Table(("pose-true median", *FIGURES), parts, "Pose-true, by part of the face", marked=marked),
    ]


def pose_true_note(report: LandmarkReport) -> str:
    """Return what the pose-true table says of itself, and what it could not do."""
    turned = (
        "The engine draws each character, the average face too, at the photo's yaw and pitch, and its mesh is aligned "
        "by the five points as the photo's was"
        if report.turns
        else "This engine cannot turn a head, so characters are compared as seen from the front, aligned by the five "
        "points"
    )
    neutral = (
        "; what the photo's expression does to its mesh is taken out."
        if report.neutral
        else "; the photo's expression is still in its mesh."
    )
    return (
        f"{turned}{neutral} Centred: the mean difference of photos and pictures is taken out, so what is left is how "
        "a character differs from the mean character against how its photo differs from the mean photo. Goes with: "
        "correlation of what is a character's own, whatever the pose, with what is its photo's own; followed: how much "
        "of the photo's own the character has. 95 % intervals in brackets."
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
    note = "Degrees of yaw to either side, and how many photos. Characters are always drawn from the front."
    return Table(("median", *headers), rows, "By turn of the head", note)


def degraded_tables(report: LandmarkReport) -> list[Table]:
    """Return how the modes' figures grow on spoiled photos, and what is left of the lead over the average face."""
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
            "Spoiled photos: times the sharp photos' figure",
            "Each condition on its own, beside the same photos unspoiled, with 95 % intervals; the sharp photo's mesh "
            "is the truth. Moved: by how many per cent of the outer-eye distance the aligned face slips. Photos "
            "whose face is no larger than a condition asks are not in it; a photo that cannot be aligned any more "
            "counts as infinitely far.",
        ),
        Table(("", *report.modes), left, "Spoiled photos: below the average face"),
    ]


def percent(value: float, digits: int = 2) -> str:
    """Return a share in per cent; `none` for one that failures made infinite."""
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
