"""The artifact in a bundle's own folder: it reads the bundle's weights, and is complete or absent."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from f2p_deploy.artifact.artifact import MANIFEST_FILE, read_artifact  # noqa: E402
from f2p_deploy.artifact.onnx_file import external_files  # noqa: E402
from f2p_deploy.export.beside_bundle import export_beside  # noqa: E402
from f2p_deploy.export.onnx.onnx_weights import WEIGHTS_FILE  # noqa: E402
from f2p_deploy.model.bundle import load_bundle  # noqa: E402
from f2p_deploy.runtimes.verification import verify  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_weights_are_read_from_the_bundles_files(carrying_bundle: "Bundle") -> None:
    artifact = read_artifact(carrying_bundle.path)
    assert artifact.manifest.parity_status == "passed" and artifact.manifest.command == "tests"
    files = {graph: external_files(onnx.load(artifact.path(graph), load_external_data=False)) for graph in
             artifact.manifest.graphs}
    assert files["render"][0] == "imitator.safetensors" and "surrogate.safetensors" in files["step"]
    stored = sum(entry.bytes for entry in carrying_bundle.stored.values())
    assert artifact.manifest.files[WEIGHTS_FILE].size < 0.2 * stored
    assert set(artifact.manifest.files) >= set(carrying_bundle.stored)


def test_it_computes_the_same_face(carrying_bundle: "Bundle") -> None:
    found = verify(carrying_bundle.path)
    assert found.measured.parity_status == "passed" and found.measured.verified == "runtime"
    assert found.extra_files == ("bundle.json",)


def test_the_bundle_is_as_it_was_and_nothing_else_is_left(
    carrying_bundle: "Bundle", surrogate_bundle: "Bundle"
) -> None:
    assert load_bundle(carrying_bundle.path).networks == surrogate_bundle.networks
    names = {path.name for path in carrying_bundle.path.iterdir()}
    graphs = {f"{graph}.onnx" for graph in ("describe", "one_shot", "render", "segment", "step")}
    graphs.add("step.many.onnx")
    assert names == {*carrying_bundle.stored, *graphs, "bundle.json", MANIFEST_FILE, "golden.npz", WEIGHTS_FILE}
    assert not list(carrying_bundle.path.glob(".f2p-*"))  # beside it other processes may be at work


def test_a_bundle_in_float32_is_refused_and_stays_without(small_bundle: "Bundle", tmp_path: Path) -> None:
    folder = shutil.copytree(small_bundle.path, tmp_path / "bundle")
    with pytest.raises(InputError, match="stores its weights in float32, which --weights float16 would round"):
        export_beside(load_bundle(folder), "tests")
    assert not (folder / MANIFEST_FILE).exists() and [path.name for path in tmp_path.iterdir()] == ["bundle"]
