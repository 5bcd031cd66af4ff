"""The function `load`: the right runtime for an artifact or a bundle, or an error that says why there is none."""

import json
import logging
import re
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.manifest import sealed
from f2p_deploy.runtimes import AUTO, RUNTIMES, load
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import install_line

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_auto_takes_the_first_that_is_here(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(str(small_artifact)).name == AUTO[0] == "onnxruntime"
    assert load(small_artifact).graphs == ("one_shot", "describe", "render", "step", "segment")
    if find_spec("openvino"):
        monkeypatch.setattr("f2p_deploy.runtimes.base.find_spec", lambda name: None if name == "onnxruntime" else True)
        assert load(small_artifact).name == "openvino"
    monkeypatch.setattr("f2p_deploy.runtimes.base.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="nothing here runs .*: onnxruntime is not installed: .*pip") as caught:
        load(small_artifact)
    assert caught.value.exit_code == 3


def test_what_auto_never_takes_is_named_in_the_table() -> None:
    assert set(AUTO) <= set(RUNTIMES)
    assert {"onnxruntime-cuda", "openvino-bf16"} <= set(RUNTIMES) - set(AUTO)
    for kind in RUNTIMES.values():
        assert kind.summary and isinstance(kind.why_not_here(), str)
    assert RUNTIMES["onnxruntime"].why_not_here() == ""


def test_a_runtime_that_is_not_installed(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f2p_deploy.runtimes.base.find_spec", lambda name: None)
    sentence = f"the runtime 'openvino' cannot run here: openvino is not installed: {install_line('openvino')}"
    with pytest.raises(MissingDependency, match=re.escape(sentence)):
        load(small_artifact, "openvino")


def test_neither_artifact_nor_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is neither an artifact .*manifest.json.* nor a bundle .*bundle.json"):
        load(tmp_path)


def test_a_bundle_is_run_by_torch_alone(small_bundle: "Bundle") -> None:
    assert load(small_bundle).name == load(small_bundle.path, "torch").name == "torch"
    with pytest.raises(InputError, match="'onnxruntime' runs artifacts, and .* is a bundle: make an artifact"):
        load(small_bundle.path, "onnxruntime")


def test_torch_does_not_run_an_artifact(small_artifact: Path) -> None:
    with pytest.raises(InputError, match="'torch' does not run .onnx files"):
        load(small_artifact, "torch")


def test_a_wrong_word_gets_a_suggestion(small_artifact: Path) -> None:
    with pytest.raises(InputError, match="Did you mean 'onnxruntime'"):
        load(small_artifact, "onnxruntim")


def test_files_that_no_runtime_runs(small_artifact: Path) -> None:
    artifact = read_artifact(small_artifact)
    graphs = {name: replace(entry, file=f"{name}.plan") for name, entry in artifact.manifest.graphs.items()}
    other = Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs))
    with pytest.raises(InputError, match="no runtime here runs .plan files"):
        load(other)
    with pytest.raises(InputError, match="'onnxruntime' does not run .plan files"):
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


def test_a_card_is_for_what_computes_on_one(small_artifact: Path, small_bundle: "Bundle") -> None:
    with pytest.raises(InputError, match="the runtime 'onnxruntime' computes on the processor; the card 1 was asked"):
        load(small_artifact, "onnxruntime", device=1)
    with pytest.raises(InputError, match="the runtime 'torch' computes on the processor"):
        load(small_bundle, device=2)
    with pytest.raises(InputError, match="cards are counted from 0, found -1"):
        load(small_artifact, "onnxruntime-cuda", device=-1)
