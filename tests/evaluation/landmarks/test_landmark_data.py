"""The measurement as JSON and CSV: every figure, in standard JSON."""

import csv
import json
from pathlib import Path

import pytest

from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
from f2p_deploy.evaluation.landmarks.landmark_data import landmarks_as_data, write_json, write_landmark_csv
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport


def test_json_holds_the_medians_and_null_for_failures(report: LandmarkReport, tmp_path: Path) -> None:
    write_json(report, tmp_path / "report.json")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    data = json.loads((tmp_path / "report.json").read_text(), parse_constant=refuse)
    assert data == landmarks_as_data(report)
    assert data["photos"] == {"asked": 13, "measured": 12, "refused": 1} and data["complete"] is True
    assert data["summary"]["one-shot"]["figures"]["together"]["value"] == pytest.approx(0.08)
    assert data["summary"]["one-shot"]["below_average"]["value"] == pytest.approx(0.2)
    assert data["results"][3]["figures"]["hybrid"]["together"] is None
    assert data["results"][2]["figures"]["hybrid"]["mouth"] == pytest.approx(0.0402)
    blur, small = data["degraded"]
    assert (blur["kind"], blur["photos"], blur["alignment_failures"], blur["moved"]) == ("blur", 12, 0, 0.02)
    assert (small["photos"], small["alignment_failures"], small["moved"]) == (2, 2, None)
    assert small["modes"]["hybrid"]["times"]["value"] is None
    assert data["refused"] == [
        {"photo": "faces/wall.png", "reason": "no-face", "message": "wall.png: no face was found"}
    ]


def test_the_table_has_a_row_for_each_comparison(report: LandmarkReport, tmp_path: Path) -> None:
    write_landmark_csv(report, tmp_path / "landmarks.csv")
    with (tmp_path / "landmarks.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12 * 5 + 12 * 2 + 2 * 2 + 1
    found = {(row["photo"], row["condition"], row["subject"]): row for row in rows}
    assert found["faces/02.png", "sharp", "hybrid"]["together"] == "0.04020"
    failed = found["faces/03.png", "sharp", "hybrid"]
    assert (failed["status"], failed["together"]) == ("no-face-in-render", "")
    assert found["faces/00.png", CONDITIONS[-1].label, "hybrid"]["status"] == "too-small"
    assert found["faces/00.png", CONDITIONS[0].label, "one-shot"]["together"] == "0.16000"
    assert found["faces/wall.png", "sharp", ""]["status"] == "no-face"
    assert found["faces/02.png", "sharp", "hybrid"]["pose_true_together"] == ""


def test_the_pose_true_distance_stands_beside(turned_report: LandmarkReport, tmp_path: Path) -> None:
    data = json.loads(json.dumps(landmarks_as_data(turned_report), allow_nan=False))
    found = data["pose_true"]
    assert found["turned"] and found["expression_taken_out"] and set(found["summary"]) == set(data["summary"])
    hybrid = found["summary"]["hybrid"]
    assert hybrid["figures"]["mouth"]["value"] == pytest.approx(0.1)
    assert hybrid["centred"]["mouth"]["value"] == pytest.approx(0.0, abs=1e-6)
    assert (hybrid["failures"], hybrid["pose_missed_degrees"]) == (1, 0.5)
    assert found["summary"]["average"]["correlation"]["value"] is None
    assert data["results"][3]["pose_true"]["hybrid"]["together"] is None
    assert data["summary"]["hybrid"] == landmarks_as_data(turned_report)["summary"]["hybrid"]
    write_landmark_csv(turned_report, tmp_path / "landmarks.csv")
    with (tmp_path / "landmarks.csv").open(newline="") as stream:
        rows = {(row["photo"], row["subject"]): row for row in csv.DictReader(stream) if row["condition"] == "sharp"}
    assert rows["faces/02.png", "hybrid"]["pose_true_mouth"] == "0.10000"
    assert rows["faces/02.png", "hybrid"]["together"] == "0.04020"
    assert rows["faces/03.png", "hybrid"]["pose_true_mouth"] == ""
