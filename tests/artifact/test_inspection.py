"""The inspection of artifacts and ONNX files: it reports the real contents."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact import inspection
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.inspection import inspect_path
from f2p_deploy.system.errors import InputError

onnx = pytest.importorskip("onnx")


def test_an_artifact(small_artifact: Path) -> None:
    found, manifest = inspect_path(small_artifact), read_artifact(small_artifact).manifest
    assert (found["kind"], found["target"], found["format"]) == ("artifact", "onnx", 3)
    assert found["schema"] == {"name": "small", "n": 11, "n_c": 6, "n_d": 5}
    assert found["bundle_fingerprint"] == manifest.bundle_fingerprint and found["command"] == manifest.command
    assert (found["parity"], found["verified"]) == ("passed", "runtime")
    assert found["size"] == sum(record.size for record in manifest.files.values())
    step = found["graphs"]["step"]
    model = onnx.load(small_artifact / "step.onnx", load_external_data=False)
    assert sum(step["contents"]["operators"].values()) == len(model.graph.node)
    assert step["contents"]["operators"]["ConvTranspose"] > 0
    assert step["size"] == (small_artifact / "step.onnx").stat().st_size
    assert {"precision_asked", "precision_found", "kept_float32", "loss_scale", "source", "shared"} <= set(step)


def test_engines_are_counted_by_their_sources_and_nothing_is_made_up(forged: Callable[..., Path]) -> None:
    def compile_all(folder: Path) -> None:
        for graph in ("render", "describe"):
            (folder / f"{graph}.engine").write_bytes(b"engine")

    graphs = dict(read_artifact(forged()).manifest.graphs)
    graphs["render"] = replace(graphs["render"], file="render.engine", source="render.onnx")
    graphs["describe"] = replace(graphs["describe"], file="describe.engine")
    found = inspect_path(forged(compile_all, graphs=graphs))["graphs"]
    assert found["render"]["size"] == 6 and found["render"]["contents"]["of"] == "render.onnx"
    assert found["render"]["contents"]["operators"]["ConvTranspose"] > 0
    assert found["describe"]["contents"] == {"of": "", "note": "not counted: .engine files cannot be inspected"}


def test_a_bare_file(small_artifact: Path) -> None:
    found = inspect_path(small_artifact / "render.onnx")
    assert (found["kind"], found["precision"], found["opset"]) == ("onnx", "fp32", {"ai.onnx": 18})
    assert found["inputs"] == [{"name": "parameters", "dtype": "float32", "shape": [1, 11]}]
    assert found["outputs"] == [{"name": "image", "dtype": "float32", "shape": [1, 3, 128, 128]}]


def test_without_the_package_onnx_the_runtime_is_asked(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_onnx = inspect_path(small_artifact / "render.onnx")
    monkeypatch.setattr(inspection, "find_spec", lambda name: None)
    found = inspect_path(small_artifact / "render.onnx")
    assert found["operators"] is None and "pip install" in found["note"]
    assert [t["shape"] for t in found["inputs"]] == [t["shape"] for t in with_onnx["inputs"]]
    assert inspect_path(small_artifact)["graphs"]["render"]["contents"]["note"] == found["note"]


def test_without_the_package_onnx_junk_is_still_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "find_spec", lambda name: None)
    (tmp_path / "photo.jpg").write_bytes(b"a photo, perhaps")
    with pytest.raises(InputError, match="photo.jpg is not ONNX"):
        inspect_path(tmp_path / "photo.jpg")
