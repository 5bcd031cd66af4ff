"""The tables, the data and the page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.evaluation.priors.priors_page import prior_tables, priors_data, write_prior_results

if TYPE_CHECKING:
    from f2p_deploy.evaluation.priors.measure_priors import PriorReport


def test_tables_give_energies_and_components(prior_report: "PriorReport") -> None:
    energy, components = prior_tables(prior_report)
    assert energy.headers == ("", "1", "2") and energy.rows[0] == ("eye", "100.0 %", "100.0 %")
    assert components.rows[0][:4] == ("eye", "2", "1", "100.0 %")
    assert components.rows[-1][:4] == ("together", "6", "3", "") and components.rows[-1][-1] == "3"
    data = priors_data(prior_report)["groups"]["mouth"]
    assert data["kept"] == 2 and data["energy"][0] == 0.0 and data["components"]["0.95"] == 2


def test_the_page_has_the_curves_and_both_kinds_of_characters(prior_report: "PriorReport", tmp_path: Path) -> None:
    text = write_prior_results(prior_report, tmp_path).read_text(encoding="utf-8")
    assert text.count("<polyline") == 3 and text.count("<img") == 6 and "With the priors" in text
    assert str(tmp_path / "bundle") in text, "the bundle as it was named"
    assert json.loads((tmp_path / "report.json").read_text())["seed"] == 4
