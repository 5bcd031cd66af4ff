"""Selection ratios: known choices have known ratios."""

import math
from pathlib import Path

import pytest

from f2p_deploy.evaluation.selection.selection_choices import read_sittings
from f2p_deploy.evaluation.selection.selection_ratios import measure_selection
from f2p_deploy.evaluation.selection.selection_set import SelectionSet


def test_ratios_are_means_over_photos(selection: SelectionSet, judged: Path) -> None:
    report = measure_selection(selection, read_sittings([judged], selection))
    assert report.ratios["fancy"].value == pytest.approx((1 + 0.5 + 1) / 3)
    assert report.ratios["plain"].value == pytest.approx(0.5 / 3)
    assert 0 <= report.ratios["plain"].low <= report.ratios["plain"].value <= report.ratios["plain"].high <= 1
    names = [photo.name for photo in selection.photos]
    assert report.by_photo[names.index("ben")].tolist() == [0.5, 0.5]
    assert report.answers[names.index("cleo")] == 1 and report.complete == 1
    assert report.agreement == 0.5 and report.chance == pytest.approx(0.75**2 + 0.25**2)
    assert report.by_position.sum() == pytest.approx(1)
    ann, bob = report.sittings
    assert report.ratios_of(ann) == [0.0, 1.0] and report.ratios_of(bob) == [0.5, 0.5]


def test_one_judge_and_photos_that_nobody_judged(selection: SelectionSet, judged: Path) -> None:
    report = measure_selection(selection, read_sittings([judged / "choices-Bob.json"], selection))
    assert report.ratios["fancy"].value == 0.5 and math.isnan(report.agreement)
    assert sorted(report.answers) == [0, 1, 1]
