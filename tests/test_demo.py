"""The demo on a small bundle: three characters on one page, and an artifact."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.bundle import Bundle


def test_three_modes_and_an_artifact(small_bundle: "Bundle", tmp_path: Path, landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    pytest.importorskip("onnxsim")
    from f2p_deploy.artifact import read_artifact
    from f2p_deploy.demo import MODES, run_demo

    told: list[float] = []

    def progress(done: float, total: int, doing: str) -> None:
        told.append(done / total)

    outcome = run_demo(tmp_path / "demo", landmarker, progress=progress, bundle=small_bundle)
    assert [result.mode for result in outcome.report.created] == list(MODES)
    assert outcome.report.page.is_file() and told == sorted(told)
    assert read_artifact(tmp_path / "demo" / "onnx").manifest.parity_status == "passed"
