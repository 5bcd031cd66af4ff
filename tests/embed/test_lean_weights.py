"""Weights that no graph of a package uses are left out, and the graphs compute the same."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.embed import lean_weights as module
from f2p_deploy.embed.lean_weights import lean_weights
from f2p_deploy.embed.web_contract import web_graphs


def test_the_graphs_compute_the_same_with_fewer_weights(served_artifact: Artifact, tmp_path: Path) -> None:
    import onnxruntime

    changed = lean_weights(served_artifact, ["render"])
    assert set(changed) == {"render.onnx", "weights.bin"}
    assert len(changed["weights.bin"]) < 0.7 * served_artifact.manifest.files["weights.bin"].size
    for name, content in changed.items():
        (tmp_path / name).write_bytes(content)
    samples = samples_of(served_artifact, served_artifact.golden(), "render")
    given = {name: value[:1] for name, value in samples.inputs.items()}
    found = [
        onnxruntime.InferenceSession(folder / "render.onnx", providers=["CPUExecutionProvider"]).run(None, given)[0]
        for folder in (served_artifact.folder, tmp_path)
    ]
    assert np.array_equal(*found)
    assert lean_weights(served_artifact, ["render"]) == changed


def test_nothing_changes_for_all_graphs_or_small_files(
    served_artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lean_weights(served_artifact, list(web_graphs(served_artifact))) == {}
    monkeypatch.setattr(module, "SMALLEST_FILE", 100_000_000)
    assert lean_weights(served_artifact, ["render"]) == {}
