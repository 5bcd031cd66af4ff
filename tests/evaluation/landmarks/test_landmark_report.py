"""Medians over all photos by mode, by turn of the head and by condition, each with failures."""

import math
from dataclasses import replace

import pytest

from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport


def test_modes_are_compared_with_the_average_face(report: LandmarkReport) -> None:
    assert list(report.summaries) == ["photo", "average", "random", "one-shot", "hybrid"]
    one_shot, hybrid = report.summaries["one-shot"], report.summaries["hybrid"]
    assert one_shot.figures["together"].value == one_shot.figures["brows"].value == pytest.approx(0.08)
    assert one_shot.below_average.value == pytest.approx(0.2)
    assert hybrid.below_average.low <= hybrid.below_average.value <= hybrid.below_average.high
    assert hybrid.below_average.value == pytest.approx(0.594, abs=0.002)
    assert report.summaries["random"].below_average.value == pytest.approx(-1.0)
    assert report.best == "hybrid" and report.complete


def test_a_render_without_a_face_is_a_failure_and_the_worst(report: LandmarkReport) -> None:
    assert (report.summaries["hybrid"].failures, report.summaries["one-shot"].failures) == (1, 0)
    assert [one.name for one in report.worst(3)] == ["faces/03.png", "faces/11.png", "faces/10.png"]
    without = replace(report, measured=tuple(one for one in report.measured if one.name != "faces/03.png"))
    figures = [r.summaries["hybrid"].figures["together"].value for r in (report, without)]
    assert figures[0] > figures[1] - 1e-9


def test_turned_heads_are_grouped_to_either_side(report: LandmarkReport) -> None:
    counts = {(low, high): len(photos) for low, high, photos in report.by_yaw}
    assert counts == {(0, 10): 3, (20, 30): 3, (30, 90): 4}  # two of 12 and 16 degrees are too few
    assert all(low <= abs(one.yaw) < high for low, high, photos in report.by_yaw for one in photos)
    few = replace(report, measured=report.measured[:4])
    assert [group[:2] for group in few.by_yaw] == [(0.0, 10.0)]


def test_growth_is_measured_on_the_photos_that_a_condition_applies_to(report: LandmarkReport) -> None:
    assert list(report.growth) == [CONDITIONS[0].label, CONDITIONS[-1].label]
    blur = report.growth[CONDITIONS[0].label]
    assert blur["one-shot"].times.value == pytest.approx(2.0) and blur["one-shot"].failures == 0
    assert blur["one-shot"].below_average.value == pytest.approx(-0.6)
    assert blur["hybrid"].failures == 1
    lost = report.growth[CONDITIONS[-1].label]["one-shot"]
    assert math.isinf(lost.times.value) and lost.failures == 2 and lost.sharp.value == pytest.approx(0.08)


def test_a_stopped_measurement_says_so(report: LandmarkReport) -> None:
    assert not replace(report, total=14).complete
    nothing = replace(report, measured=(), refused=())
    assert nothing.summaries == {} and nothing.by_yaw == () and nothing.growth == {} and not nothing.complete
