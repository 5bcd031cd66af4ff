"""Table 6, the tables of the sets, JSON and CSV."""

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from f2p_deploy.evaluation.verification.fold_accuracy import PcaSettings
from f2p_deploy.evaluation.verification.verification_tables import (
    accuracy_text,
    pca_words,
    published_table,
    verification_csv,
    verification_data,
    verification_tables,
)

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.measure_verification import VerificationReport


def test_table_6_has_quoted_rows_and_empty_cells(known_verification: "VerificationReport") -> None:
    table = published_table(known_verification)
    assert table.headers == (
        "", "LFW", "CFP_FF", "CFP_FP", "AgeDB", "CALFW", "CPLFW", "Vggface2_FP", "toy"
    )  # fmt: skip
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["3DMM-CNN (quoted; its authors' figure, from the paper)"] == ("0.9235", *[""] * 7)
    assert rows["LightCNN-29v2 (quoted; of the photos themselves, an upper bound)"][0] == "0.9958"
    assert rows["paper, one-shot (quoted)"][6] == "0.8190" and rows["paper, one-shot (quoted)"][7] == ""
    assert rows["demo, one-shot"] == ("1.0000 ± 0.0000", *[""] * 6, "1.0000 ± 0.0000")
    assert [table.rows[i][0] for i in table.marked] == ["demo, one-shot", "demo, recognition network"]


def test_the_row_of_an_imported_network_says_what_it_is(known_verification: "VerificationReport") -> None:
    kind = "LightCNN-29v2 as published, imported from official.pth.tar"
    report = replace(known_verification, recognition=kind)
    assert published_table(report).rows[-1][0] == f"demo, recognition network ({kind}), upper bound"
    assert verification_data(report)["recognition"] == kind


def test_a_table_for_each_set_says_what_was_left_out(known_verification: "VerificationReport") -> None:
    _, toy, lfw = verification_tables(known_verification)
    assert toy.title == "Accuracy on toy" and lfw.title == "Accuracy on lfw"
    assert "19 pairs, 10 of the same person; 1 pair was left out" in toy.text
    assert "left out: 1 picture has no usable face" in toy.text
    assert toy.rows[0][:4] == ("one-shot", "1.0000 ± 0.0000", "1.0000 ± 0.0000", "1.0000 to 1.0000")


def test_json_and_csv_hold_the_same_figures(known_verification: "VerificationReport") -> None:
    data = json.loads(json.dumps(verification_data(known_verification)))
    toy = data["sets"]["toy"]
    assert toy["pairs"] == {"asked": 20, "measured": 19, "left_out": 1} and toy["same"] == 10
    assert toy["refused"] == [{"name": "p3.png", "reason": "no-face", "message": "p3.png: no face was found"}]
    assert len(toy["features"]["one-shot"]["PCA"]["folds"]) == 10
    assert data["published"]["paper, iterative"]["CFP_FP"] == 0.58
    rows = list(csv.DictReader(io.StringIO(verification_csv(known_verification))))
    assert len(rows) == 2 * 2 * 2
    for row in rows:
        found = data["sets"][row["set"]]["features"][row["feature"]][row["normalised_by"]]
        assert float(row["accuracy"]) == found["accuracy"] and float(row["deviation"]) == found["deviation"]
        assert (row["folds"], row["pairs"], row["left_out"]) == ("10", "19", "1")


def test_words(known_verification: "VerificationReport") -> None:
    assert accuracy_text(known_verification.sets[0].plain["one-shot"]) == "1.0000 ± 0.0000"
    assert pca_words(PcaSettings()) == "PCA of the training folds with 99% of the variance"
    assert pca_words(PcaSettings(32, whiten=True)) == "PCA of the training folds with 32 components, whitened"
