"""The tables for sex, age and labels: every cell of a report of known figures."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.likeness.likeness_tables import age_sex_tables, label_tables  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport


def test_sex_and_age_by_subject(known_report: "LikenessReport") -> None:
    (table,) = age_sex_tables(known_report)
    exact = "1.00 (1.00 to 1.00)"
    # The intervals of all and none are Wilson's: 61 % of 6 and 43 % of 5.
    assert table.rows == [
        ("one-shot", "100% (61 to 100)", "100% (61 to 100)", exact, exact, "31, 31", "+0.0"),
        ("hybrid", "0% (0 to 43)", "100% (61 to 100)", exact, exact, "32, 42", "+10.0"),
    ]
    assert len(table.headers) == 7 and "6 people as women and 6 as men" in table.text


def test_a_sex_that_nobody_has_is_an_empty_cell(known_report: "LikenessReport") -> None:
    women = replace(known_report, people=known_report.people[:6])
    assert age_sex_tables(women)[0].rows[0][1:3] == ("100% (61 to 100)", "")


def test_options_are_compared_with_labels_group_by_group(known_report: "LikenessReport") -> None:
    options, parts = label_tables(known_report)
    assert options.headers == ("", "known", "commonest of photos", "one-shot", "hybrid")
    assert options.rows == [("hair", "11", "short 91%", "91%; short 91%", "9%; bald 100%")]
    assert options.text.startswith("11 people are in the table of labels.")
    assert parts.rows[:2] == [("hair, not bald", "10", "100%", "0%"), ("hair, bald", "1", "0%", "100%")]


def test_a_slider_is_shown_where_any_subject_follows_its_labels(known_report: "LikenessReport") -> None:
    reverse = replace(known_report, subjects=("hybrid", "one-shot"))
    for report, cells in ((known_report, ("1.00", "")), (reverse, ("", "1.00"))):
        assert label_tables(report)[1].rows[2] == ("age, correlation", "10", *cells), "10 people's ages are known"


def test_no_table_without_a_judge_or_labels(known_report: "LikenessReport") -> None:
    assert age_sex_tables(replace(known_report, age_sex_judge="")) == []
    assert label_tables(replace(known_report, labels=None)) == []
