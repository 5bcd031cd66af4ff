"""The tables show the measured figures."""

from dataclasses import replace

from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport
from f2p_deploy.evaluation.landmarks.landmark_tables import landmark_report_tables, percent


def test_the_tables_say_what_was_measured(report: LandmarkReport) -> None:
    summary, parts, yaw, grown, left = landmark_report_tables(report)
    rows = {row[0]: row for row in summary.rows}
    assert rows["one-shot"] == ("one-shot", "8.00 %", "8.00 to 8.00", "20 %", "20 to 20", "0")
    assert rows["average face"][1] == "10.00 %" and rows["average face"][3] == ""
    assert rows["hybrid"][5] == "1" and [summary.rows[i][0] for i in summary.marked] == ["hybrid"]
    assert parts.headers[1:] == ("eyes", "brows", "nose", "mouth", "contour", "together")
    assert yaw.headers[1:] == ("0-10° (3)", "20-30° (3)", "30-90° (4)")
    blur, small = grown.rows
    assert blur[:5] == (CONDITIONS[0].label, "12", "0", "2.00 %", "2.00 (2.00 to 2.00)")
    assert small[:5] == (CONDITIONS[-1].label, "2", "2", "none", "none (none to none)")
    assert left.rows[0][1] == "-60 % (-60 to -60)"
    for table in (summary, parts, yaw, grown, left):
        assert all(len(row) == len(table.headers) for row in table.rows)


def test_pose_true_tables_stand_after_the_summary(turned_report: LandmarkReport) -> None:
    summary, figures, parts, *rest = landmark_report_tables(turned_report)
    assert summary.title == "Distance from the photo's face" and len(rest) == 4
    rows = {row[0]: row for row in figures.rows}
    assert rows["hybrid"][1] == "10.00 % (10.00 to 10.00)" and rows["average face"][2] == rows["average face"][5] == ""
    assert all(len(row) == len(figures.headers) for row in figures.rows)
    assert [figures.rows[i][0] for i in figures.marked] == ["one-shot"] and len(parts.rows) == 5
    assert "at the photo's yaw and pitch" in figures.text and "is removed from its mesh. Centred" in figures.text
    blind = replace(turned_report, turns=False, neutral=False)
    text = landmark_report_tables(blind)[1].text
    assert "cannot turn a head" in text and "still in its mesh" in text


def test_no_photo_no_table(report: LandmarkReport) -> None:
    assert landmark_report_tables(replace(report, measured=())) == ()
    assert len(landmark_report_tables(replace(report, conditions=(), measured=report.measured[:2]))) == 2


def test_failures_are_words() -> None:
    assert percent(float("inf")) == percent(float("-inf")) == "none" and percent(0.1234) == "12.34 %"
