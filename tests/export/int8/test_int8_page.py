"""The page of an 8-bit export: a bar for each layer, the trade-off curve, and the verdict in words."""

import json
import re
from dataclasses import replace
from pathlib import Path

from f2p_deploy.export.calibration.calibration_set import CalibrationSet
from f2p_deploy.export.int8.int8_page import (
    CURVE_HEADERS,
    VERDICT_HEADERS,
    calibration_facts,
    curve_rows,
    verdict_rows,
    write_report,
)
from f2p_deploy.export.int8.int8_report import GraphReport
from f2p_deploy.export.int8.verdict import Verdict, with_times

VERDICT = Verdict("render", "fp32", 1, 2, 900_000, 1_200_000, 1.1, 1.4, ())


def test_the_page_shows_layers_the_trade_and_the_verdict(int8_report: GraphReport, tmp_path: Path) -> None:
    write_report(tmp_path, (int8_report,), (VERDICT,))
    page = (tmp_path / "int8.html").read_text()
    assert page.count("<svg") == 2, "accuracy and time against layers"
    assert "render: worth it here, 1.27 times as fast as fp32." in page
    assert '<tr class="marked"><th scope="row">second</th>' in page, "what stays float stands out"
    assert page.count('class="bar"') == 2 and "width: 100.0%" in page and "width: 44.4%" in page
    data = json.loads((tmp_path / "int8.json").read_text())
    assert data["graphs"][0]["kept"] == ["second"] and data["verdict"][0]["speed_ratio"] == 1.4 / 1.1


def test_one_graph_has_one_time_and_its_noise_mark(int8_report: GraphReport, tmp_path: Path) -> None:
    """The 8-bit graph and the original are both in the curve and in the verdict."""
    verdict = replace(VERDICT, ms=2.22, twin_ms=3.33, restless=True)
    write_report(tmp_path, (int8_report,), (verdict,))
    (report,) = json.loads((tmp_path / "int8.json").read_text())["graphs"]
    assert [(row[1], row[3]) for row in curve_rows(report)] == [("2", "0.7 ms"), ("1", "2.22 ms ~"), ("0", "3.33 ms ~")]
    (row,) = verdict_rows((verdict,))
    assert row[4:7] == ("2.22 ms ~", "3.33 ms ~", "1.50 ~")
    page = (tmp_path / "int8.html").read_text()
    assert "render: worth it here, 1.50 ~ times as fast as fp32." in page and "the calls did not agree" in page
    half = replace(verdict, rest="fp16")  # then no layer in 8 bits and its twin are two graphs
    assert [point.ms for point in with_times(int8_report, half).curve] == [0.7, 2.22, 1.4]


def test_an_untimed_graph_shows_no_time(int8_report: GraphReport, tmp_path: Path) -> None:
    untimed = replace(
        int8_report,
        layers=tuple(replace(layer, float_ms=None, int8_ms=None) for layer in int8_report.layers),
        curve=tuple(replace(point, ms=None) for point in int8_report.curve),
    )
    unknown = replace(VERDICT, ms=None, twin_ms=None)
    write_report(tmp_path, (untimed,), (unknown,))
    page = (tmp_path / "int8.html").read_text()
    assert page.count("<svg") == 1 and not re.search(r"\d ms", page)
    (row,) = verdict_rows((unknown,))
    assert len(row) == len(VERDICT_HEADERS) and row[-2:] == ("not measured", "unknown")
    assert verdict_rows((replace(VERDICT, ms=2.0),))[0][-1].startswith("no: it is 0.70 times as fast")


def test_the_trade_for_a_terminal(int8_report: GraphReport) -> None:
    rows = curve_rows(json.loads(json.dumps(int8_report.to_dict())))
    assert rows == [
        ("render", "2", "0.00 MB", "0.7 ms", "1.50", "missed"),
        ("", "1", "0.00 MB", "1.1 ms", "0.30", "chosen"),
        ("", "0", "0.00 MB", "1.4 ms", "0.00", ""),
    ]
    assert all(len(row) == len(CURVE_HEADERS) for row in rows)


def test_a_graph_that_no_card_has_run_is_unproven(int8_report: GraphReport, tmp_path: Path) -> None:
    empty = CalibrationSet(tmp_path, "demo", "0" * 64, 256, (), (), "f2p-deploy calibrate")
    facts = calibration_facts(empty, (int8_report,), (VERDICT,))
    assert facts["running"] == "measured" and facts["graphs"]["render"]["kept"] == ["second"]
    assert calibration_facts(empty, (int8_report,), (replace(VERDICT, ms=None),))["running"] == "unproven"
