"""Characters from a bundle and from its artifact: the checks before a run, and equal results."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.system.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_an_artifact_makes_the_bundles_character(
    small_bundle: "Bundle", small_artifact: Path, photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters
    from f2p_deploy.runtimes import load

    sources = {"bundle": small_bundle, "artifact": load(small_artifact, "onnxruntime", threads=1)}
    reports = {
        name: create_characters([photo], source, tmp_path / name, ["one-shot"], finder=finder)
        for name, source in sources.items()
    }
    expected, found = (report.created[0].parameters for report in reports.values())
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4)
    pictures = [np.asarray(Image.open(tmp_path / name / "astronaut" / "character.png")).astype(int) for name in reports]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert reports["artifact"].bundle == "small" and reports["artifact"].to_dict()["made_with"].startswith("onnxr")
    assert reports["bundle"].made_with.startswith("torch ")


def test_an_artifact_is_checked_before_anything_is_made(
    small_artifact: Path, photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters
    from f2p_deploy.runtimes import load

    artifact = read_artifact(small_artifact)
    for lacking, mode, needed_by in (("render", "one-shot", "a character's picture"), ("step", "auto", "hybrid gener")):
        graphs = {name: entry for name, entry in artifact.manifest.graphs.items() if name != lacking}
        runtime = load(Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs)), "onnxruntime", threads=1)
        with pytest.raises(InputError, match=f"{needed_by}.*needs the graph '{lacking}'"):
            create_characters([photo], runtime, tmp_path / "out", [mode], finder=finder)
    assert not (tmp_path / "out").exists()


def test_a_bundle_needs_torch_and_an_artifact_does_not(
    small_bundle: "Bundle", small_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.pipeline.run_source import check_modes_of, runtime_of
    from f2p_deploy.runtimes import load

    monkeypatch.setattr("f2p_deploy.runtimes.torch_runtime.missing_modules", lambda extra: ("torch",))
    monkeypatch.setattr("f2p_deploy.system.extras.missing_modules", lambda extra: ("torch",))
    with pytest.raises(MissingDependency, match=r"unlike an artifact \(--artifact DIR\), needs torch"):
        runtime_of(small_bundle)
    check_modes_of(load(small_artifact, "onnxruntime", threads=1), ["one-shot", "iterative", "hybrid"])


def test_networks_that_were_trained_on_others_are_warned_of(
    fast_bundle: "Bundle", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from f2p_deploy.model.bundle import copy_bundle, store_network
    from f2p_deploy.model.networks.table import build_network
    from f2p_deploy.model.trained_on import KEY
    from f2p_deploy.pipeline.run_source import check_modes_of
    from f2p_deploy.runtimes import load

    check_modes_of(load(fast_bundle), ["hybrid"])
    assert not caplog.records
    bundle = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    bundle = store_network(bundle, "translator", bundle.translator, {KEY: {"recognition": "0" * 64}})
    bundle = store_network(bundle, "imitator", build_network("imitator", bundle.schema, bundle.settings), {})
    check_modes_of(load(bundle), ["one-shot"])
    assert [record.message.partition(" was")[0] for record in caplog.records] == ["the translator"]
    caplog.clear()
    check_modes_of(load(bundle), ["hybrid"])
    assert "the search is exact, which is slower" in caplog.text and "train shortcut --bundle" in caplog.text
