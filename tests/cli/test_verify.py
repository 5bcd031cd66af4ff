"""`verify`: exit codes, and detection of a changed byte in any file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


def test_the_table_and_what_was_checked(f2p: Callable, small_artifact: Path) -> None:
    ran = f2p("verify", small_artifact, "--threads", 1, "--runtime", "onnxruntime")
    assert ran.code == 0 and ran.err == ""
    assert ran.out.splitlines()[0].split() == [
        "graph",
        "output",
        "measure",
        "worst",
        "floor",
        "result",
        "worst",
        "sample",
    ]
    assert "parity with PyTorch: passed, measured with onnxruntime" in ran.out
    assert "verified: runtime, the artifact's own files were run" in ran.out


def test_one_object_with_json(f2p: Callable, small_artifact: Path) -> None:
    found = f2p("verify", small_artifact, "--threads", 1, "--json").json
    assert (found["parity"], found["verified"], found["target"]) == ("passed", "runtime", "onnx")
    assert found["files_checked"] == len(list(small_artifact.rglob("*")))
    assert all(record["passed"] for record in found["parity_records"])


def test_a_missed_floor_is_code_1(f2p: Callable, forged: Callable[..., Path]) -> None:
    def other_faces(folder: Path) -> None:
        with np.load(folder / "golden.npz") as arrays:
            golden = {name: arrays[name] for name in arrays.files}
        golden["render.image"] = golden["render.image"][::-1]
        np.savez(folder / "golden.npz", **golden)

    ran = f2p("verify", forged(other_faces), "--threads", 1)
    assert ran.code == 1 and "MISSED" in ran.out
    assert "error: onnx does not compute the same face as PyTorch. render: PSNR dB of image is" in ran.err
    assert "worst of 2: astronaut" in ran.err
    ran = f2p("verify", forged(other_faces), "--threads", 1, "--json")
    assert ran.code == 1 and ran.json["parity"] == "failed"


def test_a_byte_flipped_in_any_file_is_found_and_named(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_artifact, tmp_path / "tampered")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    assert {"manifest.json", "golden.npz", "step.onnx"} <= {path.name for path in paths}
    for path in paths:
        content = path.read_bytes()
        for position in (0, len(content) // 2, len(content) - 1):
            flipped = bytearray(content)
            flipped[position] ^= 1
            path.write_bytes(flipped)
            for command in ("verify", "inspect"):
                ran = f2p(command, folder)
                assert (ran.code, ran.out) == (2, ""), path.name
                assert path.name in ran.err and "damaged" in ran.err, ran.err
        path.write_bytes(content[: len(content) // 2])
        ran = f2p("verify", folder)
        assert ran.code == 2 and path.name in ran.err
        path.unlink()
        ran = f2p("verify", folder)
        assert ran.code == 2 and path.name in ran.err
        path.write_bytes(content)
    assert f2p("inspect", folder).code == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "there is no such folder"),
        (lambda path: path.mkdir(), "the folder is empty"),
        (lambda path: path.write_text("a photo"), "is not an artifact but a file"),
    ],
)
def test_a_folder_that_is_no_artifact_is_code_2(f2p: Callable, tmp_path: Path, make: Callable, sentence: str) -> None:
    path = tmp_path / "thing"
    make(path)
    ran = f2p("verify", path)
    assert ran.code == 2 and sentence in ran.err and ran.err.count("\n") == 1


def test_another_format_version_is_code_2(f2p: Callable, small_artifact: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_artifact, tmp_path / "newer")
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(content | {"format": 99}))
    ran = f2p("verify", folder)
    assert ran.code == 2 and "format version 99, this f2p-deploy reads version" in ran.err


def test_runtimes(f2p: Callable, small_artifact: Path, forged: Callable[..., Path]) -> None:
    ran = f2p("verify", small_artifact, "--runtime", "onnxruntme")
    assert ran.code == 2 and "Did you mean 'onnxruntime'" in ran.err
    ran = f2p("verify", forged(hardware={"os": "Plan 9"}))
    assert ran.code == 3 and "Make it again for this machine: f2p-deploy export" in ran.err
