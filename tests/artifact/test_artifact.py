"""The artifact folder: written atomically, and all damage is named before anything is loaded."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import (
    GraphEntry,
    Manifest,
    Parity,
    TensorSpec,
    extra_files,
    read_artifact,
    write_artifact,
)
from f2p_deploy.artifact.manifest import sealed
from f2p_deploy.system.errors import FloorMissed, InputError

FACE = TensorSpec("face", "float32", (1, 3, 4, 4), "aligned face", 0.0, 1.0)
PARITY = Parity("one_shot", "parameters", "controllers max abs difference", 1e-6, 1e-4, "lower", "astronaut", 3)
MANIFEST = Manifest(
    target="onnx",
    bundle="small",
    bundle_fingerprint="0" * 64,
    schema={"name": "small"},
    settings={},
    first_state=(0.5,),
    image_size=4,
    batch=1,
    graphs={"one_shot": GraphEntry("one_shot.onnx", (FACE,), (replace(FACE, name="parameters"),), "fp32", "fp32")},
    tools={"python": "3.11"},
    hardware={},
    command="f2p-deploy export --target onnx -o out",
    parity=(PARITY,),
    verified="runtime",
    verified_with="onnxruntime",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "out")


def write(folder: Path, content: bytes = b"graph", manifest: Manifest = MANIFEST) -> Path:
    with write_artifact(folder) as draft:
        (draft.folder / "one_shot.onnx").write_bytes(content)
        draft.write_golden(
            {"one_shot.face": np.ones((2, 3, 4, 4), np.float32), "one_shot.samples": np.array(["a", "b"])}
        )
        draft.manifest = manifest
    return folder


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(sealed(json.loads(path.read_text()) | changes))


def test_what_was_written_is_read(folder: Path) -> None:
    artifact = read_artifact(folder)
    assert replace(artifact.manifest, files={}) == MANIFEST
    assert set(artifact.manifest.files) == {"one_shot.onnx", "golden.npz"}
    assert artifact.path("one_shot").read_bytes() == b"graph"
    assert artifact.golden()["one_shot.face"].shape == (2, 3, 4, 4)
    assert list(artifact.golden()["one_shot.samples"]) == ["a", "b"]
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_unknown_graph_names_those_there_are(folder: Path) -> None:
    with pytest.raises(InputError, match="no graph 'render'. Available: one_shot"):
        read_artifact(folder).path("render")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "one_shot.onnx is missing"), (b"gra", "has 3 bytes instead of 5"), (b"grap?", "SHA-256 differs")],
)
def test_damage_is_named_with_the_line_that_repairs_it(folder: Path, content: bytes | None, problem: str) -> None:
    path = folder / "one_shot.onnx"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=f"{problem}.*f2p-deploy export --target onnx -o out"):
        read_artifact(folder)


def test_another_format_version_is_refused(folder: Path) -> None:
    change_manifest(folder, format=4)
    with pytest.raises(InputError, match="format version 4, this f2p-deploy reads versions 2, 3"):
        read_artifact(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "..\\secret"])
def test_files_outside_are_refused(folder: Path, name: str) -> None:
    change_manifest(folder, files={name: {"size": 1, "sha256": "0"}})
    with pytest.raises(InputError, match="leads out of the artifact"):
        read_artifact(folder)


def test_a_manifest_without_a_graphs_file_is_refused(folder: Path) -> None:
    change_manifest(folder, files={})
    with pytest.raises(InputError, match="lists no file one_shot.onnx for the graph 'one_shot'"):
        read_artifact(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 2}', '{"format": 2, "graphs": 3}'])
def test_anything_else_is_not_a_manifest(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="manifest.json"):
        read_artifact(folder)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("", "the folder is empty"),
        ("bundle.json", "is not an artifact but a bundle: run f2p-deploy export --bundle"),
        ("other.txt", "is not an artifact: cannot read .*manifest.json: No such file"),
    ],
)
def test_no_artifact(tmp_path: Path, file: str, sentence: str) -> None:
    if file:
        (tmp_path / file).write_text("{}")
    with pytest.raises(InputError, match=sentence):
        read_artifact(tmp_path)


def test_a_file_or_nothing_is_no_artifact(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(InputError, match="is not an artifact but a file"):
        read_artifact(tmp_path / "photo.jpg")
    with pytest.raises(InputError, match="there is no such folder"):
        read_artifact(tmp_path / "nowhere")


def test_every_byte_of_every_file_counts(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for position in range(0, len(content), 7):
            changed = bytearray(content)
            changed[position] ^= 0x20  # turns a letter's case, which JSON's numbers and most readers do not mind
            path.write_bytes(changed)
            with pytest.raises(InputError, match=path.name):
                read_artifact(folder)
        path.write_bytes(content)
    read_artifact(folder)


def test_a_manifest_that_claims_another_parity_is_found(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"floor": 0.0001', '"floor": 1.0001'))
    with pytest.raises(InputError, match="digest differs.*Make it again: f2p-deploy export --target onnx -o out"):
        read_artifact(folder)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in content.items() if name != "digest"}))
    with pytest.raises(InputError, match="no digest of its content"):
        read_artifact(folder)


def test_what_a_file_browser_left_is_named_and_harmless(folder: Path) -> None:
    assert extra_files(read_artifact(folder)) == ()
    (folder / "cache").mkdir()
    (folder / "cache" / "kernels").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"")
    assert extra_files(read_artifact(folder)) == (".DS_Store", "cache/kernels")


def test_an_error_leaves_the_old_artifact_and_nothing_else(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), write_artifact(folder) as draft:
        (draft.folder / "one_shot.onnx").write_bytes(b"half")
        raise KeyboardInterrupt
    assert read_artifact(folder).path("one_shot").read_bytes() == b"graph"
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_another_artifact_is_replaced(folder: Path) -> None:
    (folder / "stale.onnx").write_bytes(b"of an older export")
    write(folder, b"newer")
    assert read_artifact(folder).path("one_shot").read_bytes() == b"newer"
    assert not (folder / "stale.onnx").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not an artifact, so it is not replaced"):
        write(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the artifact"):
        write(tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot write the artifact"):
        write(tmp_path / "out")


def test_a_missed_floor_is_kept_and_marked(tmp_path: Path) -> None:
    missed = replace(MANIFEST, parity=(PARITY, replace(PARITY, value=float("nan"), worst="grace")))
    folder = write(tmp_path / "out", manifest=missed)
    assert json.loads((folder / "manifest.json").read_text())["parity"] == "failed"
    manifest = read_artifact(folder).manifest
    assert manifest.parity_status == "failed"
    with pytest.raises(FloorMissed, match="controllers max abs difference of parameters is nan.*grace"):
        manifest.require_parity()


def test_parity_status() -> None:
    assert MANIFEST.parity_status == "passed"
    assert replace(MANIFEST, parity=()).parity_status == "unmeasured"
    MANIFEST.require_parity()
