"""Tables 7 and 9 with measured rows, data and CSV."""

from dataclasses import replace
from pathlib import Path

from f2p_deploy.evaluation.selection.selection_choices import read_sittings
from f2p_deploy.evaluation.selection.selection_ratios import SelectionReport, measure_selection
from f2p_deploy.evaluation.selection.selection_set import SelectionSet
from f2p_deploy.evaluation.selection.selection_tables import selection_csv, selection_data, selection_tables


def renamed(report: SelectionReport, names: dict[str, str]) -> SelectionReport:
    """Return the report with other names of methods in its ratios and its selection."""
    methods = tuple(names[name] for name in report.selection.methods)
    ratios = {names[name]: found for name, found in report.ratios.items()}
    return replace(report, selection=replace(report.selection, methods=methods), ratios=ratios)


def test_the_papers_figures_stand_beside_methods_of_the_same_name(selection: SelectionSet, judged: Path) -> None:
    report = measure_selection(selection, read_sittings([judged], selection))
    first, judges, positions = selection_tables(report)
    assert first.headers[-1] == "HD front view (quoted)" and first.marked == (0, 1)
    assert [row[0] for row in first.rows] == [
        "plain", "fancy", "3DMM-CNN (quoted)", "iterative (quoted)", "one-shot (quoted)"
    ]  # fmt: skip
    assert first.rows[1][1] == "83.3 %" and first.rows[-1][1:] == ("", "", "48.7 ± 1.1 %", "28.3 ± 1.3 %")
    assert "2 judges, 3 photos. 1 of them did not judge every photo." in first.text
    assert judges.rows[1] == ("Bob", "2", "50.0 %", "50.0 %", "2.5") and "50.0 % of the cases" in judges.text
    assert len(positions.rows[0]) == 3
    paper = renamed(report, {"plain": "one-shot", "fancy": "content"})
    seventh, ninth, *_ = selection_tables(paper)
    assert seventh.rows[0][3:] == ("48.7 ± 1.1 %", "28.3 ± 1.3 %")
    assert ninth.rows[1][3:] == ("36.27 ± 0.98 %",) and ninth.rows[-1][0] == "identity+content (quoted)"


def test_data_and_csv_have_every_choice(selection: SelectionSet, judged: Path) -> None:
    report = measure_selection(selection, read_sittings([judged], selection))
    data = selection_data(report)
    assert data["methods"]["fancy"]["ratio"] == 0.833333 and data["by_photo"]["ben"] == {
        "judges": 2, "plain": 0.5, "fancy": 0.5
    }  # fmt: skip
    assert data["published"]["table_7"]["iterative"]["hd-front-view"] == (0.7, 0.011)
    lines = selection_csv(report).splitlines()
    assert lines[0] == "judge,photo,method,place,seconds" and len(lines) == 6
    assert any(line.startswith("Bob,ben,plain,") for line in lines)
