"""The tables, the data and the page of known figures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.evaluation.pose.pose_page import pose_data, pose_tables, write_pose_results

if TYPE_CHECKING:
    from f2p_deploy.evaluation.pose.measure_pose import PoseReport


def test_tables_are_means_over_heads(pose_report: "PoseReport") -> None:
    sliders, choices, identity, landmarks, error, photos = pose_tables(pose_report)
    assert sliders.headers == ("", "another head", "-20°", "0°", "+20°")
    assert sliders.rows == [("one-shot", "0.250", "0.200", "", "0.300")]
    assert choices.rows[0][2] == "50.0 %" and identity.rows[0] == ("one-shot", "0.40", "0.80", "", "0.70")
    assert landmarks.rows[0] == ("one-shot", "5.0 %", "2.0 %", "", "lost")
    assert error.rows[0] == ("one-shot", "", "0.400", "0.000", "0.600")
    assert photos.rows[0] == ("compared", "", "2", "0", "2") and "left out: cleo" in photos.text


def test_data_and_page(pose_report: "PoseReport", tmp_path: Path) -> None:
    data = pose_data(pose_report)["modes"]["one-shot"]
    assert data["sliders"] == [0.2, None, 0.3] and data["landmarks"] == [0.02, None, None]
    assert data["another_head"]["landmarks"] == 0.05
    text = write_pose_results(pose_report, tmp_path).read_text(encoding="utf-8")
    assert text.count("<img") == 6 and "compared with" in text and "no face was found" in text
    assert "games/hero" in text, "the bundle as it was named"
    assert json.loads((tmp_path / "report.json").read_text())["heads"] == 2
