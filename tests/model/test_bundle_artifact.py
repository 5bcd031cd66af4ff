"""The artifact in a bundle's folder: opened, and refused if it was exported from another bundle."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.model.bundle import load_bundle, replace_settings
from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact
from f2p_deploy.runtimes import load
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.fixture
def copy(carrying_bundle: "Bundle", tmp_path: Path) -> Path:
    return shutil.copytree(carrying_bundle.path, tmp_path / "bundle")


def test_it_is_found(carrying_bundle: "Bundle", small_bundle: "Bundle") -> None:
    assert has_artifact(carrying_bundle) and not has_artifact(small_bundle)
    assert artifact_of(carrying_bundle).manifest.bundle_fingerprint == carrying_bundle.fingerprint


def test_a_bundle_that_was_changed_since(copy: Path) -> None:
    bundle = load_bundle(copy)
    changed = replace_settings(bundle, replace(bundle.settings, default_lead=0.5))
    with pytest.raises(InputError, match="--target onnx --bundle .*bundle -o .*bundle-onnx makes an artifact to name"):
        artifact_of(changed)
    with pytest.raises(InputError, match="was made before the bundle was changed"):
        load(copy)


def test_the_demo_bundle_is_remade_by_its_own_command(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f2p_deploy.model.bundle_artifact.demo_bundle_path", lambda: copy)
    bundle = load_bundle(copy)
    changed = replace_settings(bundle, replace(bundle.settings, default_lead=0.5))
    with pytest.raises(InputError, match="was made before the bundle was changed. Make it again: tests"):
        artifact_of(changed)


def test_a_damaged_graph(copy: Path) -> None:
    (copy / "step.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError, match="is damaged: step.onnx has 7 bytes"):
        artifact_of(load_bundle(copy))


def test_a_folder_that_is_both_is_run_by_either(carrying_bundle: "Bundle") -> None:
    assert load(carrying_bundle.path).name == "onnxruntime"
    assert load(carrying_bundle.path, "torch").name == "torch"


def test_it_says_nothing_of_the_machine_it_was_made_on(carrying_bundle: "Bundle") -> None:
    manifest = (carrying_bundle.path / "manifest.json").read_text()
    assert json.loads(manifest)["command"] == "tests" and str(carrying_bundle.path.parent) not in manifest
