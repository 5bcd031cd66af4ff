"""The page of results and the files beside it."""

import json
import shutil
from pathlib import Path

from f2p_deploy.evaluation.selection.selection_choices import read_sittings
from f2p_deploy.evaluation.selection.selection_page import write_selection_results
from f2p_deploy.evaluation.selection.selection_ratios import measure_selection
from f2p_deploy.evaluation.selection.selection_set import SelectionSet


def test_the_page_shows_the_tables_and_every_photo(selection: SelectionSet, judged: Path, pictures: Path) -> None:
    study = pictures / "study"
    report = measure_selection(selection, read_sittings([judged], selection))
    page = write_selection_results(report, study, study)
    text = page.read_text(encoding="utf-8")
    assert "Table 7" in text and "48.7 ± 1.1 %" in text and text.count("<img") == 9
    assert json.loads((study / "report.json").read_text())["photos_judged"] == 3
    assert (study / "choices.csv").read_text().startswith("judge,photo,method")
    shutil.rmtree(study / "pictures")
    assert "<img" not in write_selection_results(report, study, study).read_text(encoding="utf-8")
