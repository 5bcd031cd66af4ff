"""The manifest's claims: never more than was run."""

from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.manifest import Parity


@pytest.mark.parametrize(
    ("verified", "sentence"),
    [
        ("runtime", "parity with PyTorch: passed, measured with X"),
        ("graph", "parity of the graph; the engine was not run: no card here (measured with X)"),
        ("reference", "parity by the reference interpreter; no device has run it (measured with X)"),
    ],
)
def test_passed_is_said_of_what_was_run_alone(small_artifact: Path, verified: str, sentence: str) -> None:
    manifest = replace(read_artifact(small_artifact).manifest, verified=verified, verified_with="X")
    assert manifest.parity_sentence("no card here") == sentence
    assert ("passed" in sentence) is (verified == "runtime")


@pytest.mark.parametrize("verified", ["runtime", "graph", "reference"])
def test_a_missed_floor_is_said_of_all(small_artifact: Path, verified: str) -> None:
    missed = Parity("render", "image", "PSNR dB", 20.0, 45.0, "higher", "astronaut", 6)
    manifest = replace(read_artifact(small_artifact).manifest, verified=verified, verified_with="X", parity=(missed,))
    assert manifest.parity_sentence().endswith(": failed, measured with X")


def test_nothing_measured_is_nothing_claimed(small_artifact: Path) -> None:
    manifest = replace(read_artifact(small_artifact).manifest, verified="no", verified_with="", parity=())
    assert manifest.parity_sentence() == "parity with PyTorch: unmeasured"
    assert manifest.scope == "nothing was run"
