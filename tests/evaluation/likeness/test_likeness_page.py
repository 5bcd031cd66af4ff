"""The likeness measurement as tables, data and a page: a report of known figures comes out as it went in."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")

from f2p_deploy.evaluation.likeness.likeness_page import (  # noqa: E402
    likeness_as_data,
    likeness_report_tables,
    write_likeness_results,
)
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport


def test_tables_hold_every_figure(known_report: "LikenessReport") -> None:
    tables = {table.title: table for table in likeness_report_tables(known_report)}
    assert list(tables) == [
        "Whose character is it? 12 people, judged by some judge",
        "Sex and age",
        "Options against labels",
        "Bald, bearded, and sliders",
        "Skin",
        "Options",
    ]
    assert all(len(row) == len(table.headers) for table in tables.values() for row in table.rows)
    who = next(iter(tables.values()))
    # Of 12 unit vectors around a circle the sum is 0, so that the mean cosine of two different ones is -1/11.
    assert who.rows == [
        ("one-shot", *["100% (76 to 100)"] * 2, "1", "1.000 (1.000 to 1.000)", "-0.09", "1.00", "50.0%"),
        ("hybrid", *["0% (0 to 24)"] * 2, "12", "0.000 (0.000 to 0.000)", "-0.09", "1.00", "50.0%"),
    ]
    assert who.text.startswith("Chance: 8.3%, 41.7%, 6.5, 0.5.")
    assert tables["Skin"].rows[0] == ("one-shot", "1.00", *["0.0"] * 4)
    assert tables["Options"].rows == [("hair", "short 92%; long 8%", "bald 100%")]


def test_data_is_plain_and_holds_no_descriptor(known_report: "LikenessReport") -> None:
    text = json.dumps(likeness_as_data(known_report), allow_nan=False)
    data = json.loads(text)
    assert data["photos"] == {"asked": 13, "measured": 12, "refused": 1} and data["complete"] is True
    assert data["results"][3] == {"photo": "faces/03.png", "ranks": {"one-shot": 1, "hybrid": 12}}
    hybrid = data["subjects"]["hybrid"]
    assert hybrid["own"]["value"] == -1.0 and hybrid["no_face_found"] == 1 and hybrid["at_end"] == 0.5
    assert hybrid["age_sex"]["women"] == 5 and hybrid["age_sex"]["age_spread"]["value"] == 1.0
    assert hybrid["labels"]["groups"]["hair"]["commonest_of_characters"] == {"option": "bald", "share": 1.0}
    assert "descriptor" not in text and "0.8660" not in text, "the cosine of a person's own angle"


def test_what_was_not_measured_is_null(known_report: "LikenessReport") -> None:
    bare = replace(known_report, age_sex_judge="", labels=None, total=20)
    data = likeness_as_data(bare)
    assert data["age_sex_judge"] is None and data["complete"] is False
    assert data["subjects"]["one-shot"]["age_sex"] is None and data["subjects"]["one-shot"]["labels"] is None
    titles = [table.title for table in likeness_report_tables(bare)]
    assert titles[1:] == ["Skin", "Options"]


def test_the_page_shows_every_face_the_least_alike_first(known_report: "LikenessReport", tmp_path: Path) -> None:
    report = replace(known_report, subjects=("hybrid", "one-shot"))
    # One person whom hybrid knows after all: its photo comes last.
    report.people[4].characters["hybrid"] = report.people[4].characters["one-shot"]
    page = write_likeness_results(report, tmp_path)
    text = page.read_text()
    assert page == tmp_path / "index.html" and text.count("<img") == 12 * 3 and "my/small" in text
    names = re.findall(r"faces/\d\d\.png", text)
    assert sorted(set(names)) == [person.name for person in report.people] and names[-1] == "faces/04.png"
    assert "Sex and age" in text and "The least alike by hybrid first." in text
    assert json.loads((tmp_path / "likeness.json").read_text()) == json.loads(json.dumps(likeness_as_data(report)))


def test_too_few_people_are_refused_before_anything_is_written(known_report: "LikenessReport", tmp_path: Path) -> None:
    few = replace(known_report, people=known_report.people[:2])
    with pytest.raises(InputError, match="at least 10 people, found 2"):
        write_likeness_results(few, tmp_path / "out")
    assert not (tmp_path / "out").exists()
