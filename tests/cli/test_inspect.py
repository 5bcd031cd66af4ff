"""`inspect`: an artifact, a model file, and a file that is neither."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("onnx")


def test_an_artifact(f2p: Callable, small_artifact: Path) -> None:
    ran = f2p("inspect", small_artifact)
    assert ran.code == 0 and ran.err == ""
    for words in (
        f"onnx: {small_artifact}, ",
        "schema small: 11 parameters, 6 controllers; faces of 128 pixels, batches of 1",
        "made again by: f2p-deploy export --target onnx",
        "calibration: none needed",
        "ConvTranspose",
        "when exported: parity with PyTorch: passed, measured with onnxruntime",
        "(1, 3, 128, 128)",
    ):
        assert words in ran.out, words


def test_an_engine_that_was_not_run_is_not_said_to_pass(f2p: Callable, forged: Callable) -> None:
    folder = forged(verified="graph", verified_with="onnxruntime on the processor")
    ran = f2p("inspect", folder)
    assert "when exported: parity of the graph; the engine was not run (measured with onnxruntime" in ran.out
    assert "passed" not in ran.out
    assert f2p("inspect", folder, "--json").json["scope"].endswith("the files themselves were not")


def test_with_json(f2p: Callable, small_artifact: Path) -> None:
    assert f2p("inspect", small_artifact, "--json").json["kind"] == "artifact"
    assert f2p("inspect", small_artifact / "step.onnx", "--json").json["operators"]["Conv"] > 0


def test_a_file(f2p: Callable, small_artifact: Path) -> None:
    ran = f2p("inspect", small_artifact / "render.onnx")
    assert ran.code == 0 and "precision of the weights: fp32" in ran.out and "opset ai.onnx 18" in ran.out


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "there is no artifact or file"),
        (lambda path: path.mkdir(), "the folder is empty"),
        (lambda path: path.write_text("a photo"), "is not ONNX"),
    ],
)
def test_any_other_file_is_code_2(f2p: Callable, tmp_path: Path, make: Callable, sentence: str) -> None:
    path = tmp_path / "thing"
    make(path)
    ran = f2p("inspect", path)
    assert ran.code == 2 and sentence in ran.err and ran.err.count("\n") == 1
