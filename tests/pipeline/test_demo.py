"""The demo on a small bundle: three characters on one page, and an artifact."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle


def test_three_modes_and_an_artifact(
    small_bundle: "Bundle", tmp_path: Path, landmarker: Path, exporting: "Callable"
) -> None:
    pytest.importorskip("mediapipe")
    pytest.importorskip("onnxsim")
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.pipeline.demo import MODES, run_demo

    told: list[float] = []

    def progress(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        told.append(done / total)

    with exporting("one_shot", "render"):
        outcome = run_demo(tmp_path / "demo", landmarker, progress=progress, bundle=small_bundle)
    assert [result.mode for result in outcome.report.created] == list(MODES)
    assert outcome.report.page.is_file() and told == sorted(told)
    assert read_artifact(tmp_path / "demo" / "onnx").manifest.parity_status == "passed"


#: Runs the demo in a Python that has the extra `faces`, but not the extra `export`.
WITHOUT_EXPORT = """
import sys
sys.modules |= dict.fromkeys(("torch", "onnx", "onnxscript", "onnxsim"))
from pathlib import Path
from f2p_deploy.model import bundle
from f2p_deploy.cli import main
folder = Path(sys.argv.pop(1))
bundle.demo_bundle_path = lambda: folder
main(sys.argv[1:])
"""


def test_without_pytorch_the_artifact_of_the_bundle_does_it(
    carrying_bundle: "Bundle", small_bundle: "Bundle", tmp_path: Path, landmarker: Path
) -> None:
    pytest.importorskip("mediapipe")

    def run(bundle: "Bundle", *words: object) -> subprocess.CompletedProcess:
        line = [sys.executable, "-c", WITHOUT_EXPORT, *map(str, (bundle.path, "demo", "--landmarker", landmarker))]
        return subprocess.run([*line, *map(str, words)], capture_output=True, text=True, timeout=200, check=False)

    done = run(carrying_bundle, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "made with onnxruntime " in done.stdout and f"artifact: {carrying_bundle.path}" in done.stdout
    assert "This artifact came with the package. To export bundles yourself, install PyTorch: " in done.stderr
    assert (tmp_path / "out" / "index.html").is_file() and not (tmp_path / "out" / "onnx").exists()
    done = run(small_bundle, "-o", tmp_path / "none")
    assert done.returncode == 3 and "the demo needs torch, onnx, onnxscript, onnxsim" in done.stderr
