"""The check of the hardware: an artifact for another machine is refused before any of its files is loaded."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.hardware import require_hardware
from f2p_deploy.system.cuda_devices import CudaDevice
from f2p_deploy.system.errors import MissingDependency


def built_for(artifact: Artifact, **hardware: str) -> Artifact:
    manifest = replace(artifact.manifest, hardware=artifact.manifest.hardware | hardware)
    return Artifact(artifact.folder, manifest)


def test_another_operating_system_is_refused_with_the_line_that_rebuilds(small_artifact: Path) -> None:
    artifact = built_for(read_artifact(small_artifact), os="Plan 9")
    with pytest.raises(MissingDependency, match=r"operating system Plan 9, this machine has .*: f2p-deploy export "):
        load(artifact)


def test_this_machine_is_taken(small_artifact: Path) -> None:
    artifact = read_artifact(small_artifact)
    require_hardware(artifact)
    require_hardware(built_for(artifact, os=f"Plan 9, {platform.system()}", machine=platform.machine()))


@pytest.mark.parametrize(
    ("here", "fits"),
    [(["8.6"], True), (["7.5", "12.0"], True), (["7.5"], False), (["2.0"], False), ([], False)],
)
def test_cards_are_compared_as_whole_words(
    small_artifact: Path, monkeypatch: pytest.MonkeyPatch, here: list[str], fits: bool
) -> None:
    cards = tuple(CudaDevice("card", capability) for capability in here)
    monkeypatch.setattr("f2p_deploy.runtimes.hardware.cuda_devices", lambda: cards)
    artifact = built_for(read_artifact(small_artifact), compute_capability="8.6, 8.9, 12.0")
    if fits:
        require_hardware(artifact)
    else:
        found = ", ".join(here) or "none"
        with pytest.raises(MissingDependency, match=f"compute capability 8.6, 8.9, 12.0, this machine has {found}. M"):
            require_hardware(artifact)


def test_one_processor_has_several_names(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    require_hardware(built_for(read_artifact(small_artifact), machine="x86_64"))


def test_the_sources_run_anywhere(small_artifact: Path) -> None:
    artifact = built_for(read_artifact(small_artifact), os="Plan 9")
    graphs = {name: replace(entry, source=entry.file) for name, entry in artifact.manifest.graphs.items()}
    load(Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs)).sources())
