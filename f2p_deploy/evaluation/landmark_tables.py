"""The landmark measurement in tables, for the page and for the terminal alike."""

import math

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.landmark_groups import FIGURES, TOGETHER
from f2p_deploy.evaluation.landmark_report import AVERAGE, PHOTO, RANDOM, LandmarkReport
from f2p_deploy.report_page import Table

#: What tables call the references; modes are called by their names.
NAMES = {PHOTO: "the photo itself", AVERAGE: "average face", RANDOM: "random character"}


def tables(report: LandmarkReport) -> tuple[Table, ...]:
    """Return every table that there are photos for, the most important one first."""
    if not report.measured:
        return ()
    found = [summary_table(report), parts_table(report)]
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
        "five parts; the photo itself, landmarked again when aligned, shows the landmarker's own error. A render "
        "without a face counts as infinitely far.",
        marked=(report.subjects.index(report.best),),
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


def _with_interval(estimate: Estimate) -> str:
    return f"{percent(estimate.value, 0)} ({_interval(estimate, 0)})"


def _times(estimate: Estimate) -> str:
    value, low, high = (
        f"{v:.2f}" if math.isfinite(v) else "none" for v in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"
