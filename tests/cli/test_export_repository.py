"""`export --target triton`: a repository from an artifact, and options that do not belong together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.cli.export_repository import triton_facts

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("onnxsim")


def test_a_repository_of_an_artifact(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    out = tmp_path / "models"
    ran = f2p("export", "--target", "triton", "--from", small_artifact, "-o", out)
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == ["model", "runs", "in", "batch", "size"]
    assert "step has a fixed batch: " in ran.out and f"model repository: {out}" in ran.out
    assert (out / "character_hybrid" / "config.pbtxt").is_file()
    found = f2p("export", "--target", "triton", "--from", small_artifact, "-o", out, "--json").json
    assert found["models"]["character"]["platform"] == "ensemble" and "one_shot/1/model.onnx" in found["files"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--target", "onnx", "--from", "x"), "onnx is made from a bundle: --from is for the target triton only"),
        (("--target", "tritn"), "no target named 'tritn'. Did you mean 'triton'?"),
        (("--target", "triton", "--batch", "4"), "triton serves a finished artifact and does not take --batch"),
        (("--target", "triton", "--weights", "float16"), "does not take --weights: leave it out"),
        (("--target", "triton", "--offline"), "does not take --offline: leave it out"),
        (("--target", "triton", "--dry-run"), "does not take --dry-run: leave it out"),
        (("--target", "triton", "--from", "x", "--bundle", "y"), "give either --from or --bundle, not both"),
        (("--target", "triton", "--from", "no-such-folder"), "there is no such folder"),
    ],
)
def test_bad_input_is_refused(f2p: Callable, words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    ran = f2p("export", *words, "-o", tmp_path / "models")
    assert ran.code == 2 and sentence in ran.err and not (tmp_path / "models").exists()


def test_a_bundle_without_an_artifact_says_how_to_make_one(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path
) -> None:
    ran = f2p("export", "--target", "triton", "--bundle", small_bundle.path, "-o", tmp_path / "models")
    assert ran.code == 2 and "holds no artifact: export one, for example with --target onnx" in ran.err


def test_the_target_is_listed_and_offered(f2p: Callable) -> None:
    targets = {target["name"]: target for target in f2p("targets", "--json").json["targets"]}
    assert targets["triton"] == triton_facts() and set(targets["onnx"]) == set(targets["triton"])
    lines = f2p("targets").out.splitlines()
    assert any(line.startswith("triton ") and line.endswith(" build") for line in lines)
    assert "triton" in f2p("export", "--help").out
