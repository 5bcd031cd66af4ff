"""The report on stages for a terminal and as a page."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.measure_stages import StageReport  # noqa: E402
from f2p_deploy.evaluation.stages.stage_page import figure_rows, summary_rows, write_stage_page  # noqa: E402
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

FIGURES = (Figure("L1", 0.0625, "", 0.0, 0.25), Figure("PSNR", 30.0, "dB"), Figure("renders", 12))


@pytest.fixture
def report(small_bundle: "Bundle") -> StageReport:
    """Two stages with a badness and one without; the worse of the two has pictures."""
    rows = {name: np.full((2, 400, 400, 3), shade, np.uint8) for name, shade in (("engine", 20), ("imitator", 200))}
    sheet = Sheet("Drawn & rendered", rows, large=True)
    return StageReport(
        small_bundle,
        (
            StageResult("alignment", missing="no photos: name a folder with --portraits"),
            StageResult("imitator", 0.25, "L1 by <region>", FIGURES, (sheet,)),
            StageResult("segmentation", 0.125, "overlap", (Figure("IoU", 0.5),)),
        ),
    )


def test_a_summary_has_the_main_figures_or_why_there_are_none(report: StageReport) -> None:
    assert summary_rows(report) == [
        ("alignment", "-", "no photos: name a folder with --portraits"),
        ("imitator", "0.25", "L1 0.062; PSNR 30 dB"),
        ("segmentation", "0.12", "IoU 0.500"),
    ]


def test_figures_stand_between_their_anchors(report: StageReport) -> None:
    assert figure_rows(report.results[1]) == [
        ("L1", "0.062", "0", "0.250"),
        ("PSNR", "30 dB", "", ""),
        ("renders", "12", "", ""),
    ]


def test_the_page_marks_the_verdict_and_shows_every_picture(report: StageReport, tmp_path: Path) -> None:
    page = write_stage_page(report, tmp_path / "a" / "b")
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "a" / "b" / "index.html"
    assert re.findall(r'<tr class="marked"><th scope="row">(\w+)</th>', text) == ["imitator"]
    assert "Imitator holds the result back: badness 0.25 (L1 by &lt;region&gt;)" in text
    assert "Not measured: no photos: name a folder with --portraits." in text
    assert text.count("<img") == 4 and text.count("Drawn &amp; rendered") == 1, "the title stands once above its rows"


def test_no_row_is_marked_where_no_stage_is_to_blame(small_bundle: "Bundle", tmp_path: Path) -> None:
    healthy = StageReport(small_bundle, (StageResult("imitator", 0.01, "L1"),))
    text = write_stage_page(healthy, tmp_path).read_text(encoding="utf-8")
    assert 'class="marked"' not in text and "No stage holds the result back" in text


def test_a_folder_that_cannot_be_made_is_named(report: StageReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder .*file/out: Not a directory"):
        write_stage_page(report, tmp_path / "file" / "out")
