"""The page and the files beside it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.evaluation.verification.verification_page import write_verification_results

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.measure_verification import VerificationReport


def test_the_page_shows_the_tables_the_mistakes_and_what_was_left_out(
    known_verification: "VerificationReport", tmp_path: Path
) -> None:
    page = write_verification_results(known_verification, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "index.html" and {path.name for path in tmp_path.iterdir()} == {
        "index.html", "report.json", "verification.csv"
    }  # fmt: skip
    assert "3DMM-CNN (quoted; its authors" in text and "0.9235" in text and "1.0000 ± 0.0000" in text
    assert "my/demo" in text and "Aligned by hand." in text and "p3.png: no face was found" in text
    assert "0 of 10 pairs" in text and "<img" not in text  # one-shot made no mistake
    assert json.loads((tmp_path / "report.json").read_text())["bundle"] == "demo"


def test_the_clearest_mistakes_come_first(known_verification: "VerificationReport", tmp_path: Path) -> None:
    from dataclasses import replace

    from f2p_deploy.evaluation.verification.face_features import EMBEDDING

    one = known_verification.sets[0]
    poor = replace(known_verification, features=(EMBEDDING,), sets=(one,))
    text = write_verification_results(poor, tmp_path).read_text(encoding="utf-8")
    found, same = one.by_pca[EMBEDDING], one.pairs.same[one.kept]
    wrong = [i for i in range(19) if not found.correct[i]]
    for kind, title in ((False, "Two people taken for one"), (True, "One person taken for two")):
        section = text.split(title)[1].split("</section>")[0]
        shown = [float(part.split("<")[0]) for part in section.split("distance ")[1:]]
        assert shown == sorted(shown, reverse=kind)
        assert len(shown) == min(6, sum(same[i] == kind for i in wrong)) > 0
