"""`load`: the right runtime for an artifact, or a sentence."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact import Artifact, read_artifact
from f2p_deploy.errors import InputError
from f2p_deploy.manifest import sealed
from f2p_deploy.runtimes import load


def test_auto_chooses_by_the_files(small_artifact: Path) -> None:
    assert load(small_artifact).name == "onnxruntime"
    assert load(str(small_artifact)).graphs == ("one_shot", "describe", "render", "step")


def test_a_wrong_word_gets_a_suggestion(small_artifact: Path) -> None:
    with pytest.raises(InputError, match="Did you mean 'onnxruntime'"):
        load(small_artifact, "onnxruntim")


def test_files_that_no_runtime_runs(small_artifact: Path) -> None:
    artifact = read_artifact(small_artifact)
    graphs = {name: replace(entry, file=f"{name}.engine") for name, entry in artifact.manifest.graphs.items()}
    other = Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs))
    with pytest.raises(InputError, match="no runtime here runs .engine files"):
        load(other)
    with pytest.raises(InputError, match="'onnxruntime' does not run .engine files"):
        load(other, "onnxruntime")


def test_a_failed_artifact_loads_with_a_warning(
    small_artifact: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(small_artifact, tmp_path / "failed")
    content = json.loads((folder / "manifest.json").read_text())
    content["parity_records"][0]["value"] = 1.0
    (folder / "manifest.json").write_text(sealed(content))
    with caplog.at_level(logging.WARNING):
        load(folder)
    assert "missed a parity floor" in caplog.text
