"""`export`: the table of parity, the artifact, and a missed floor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.bundle import Bundle

pytest.importorskip("onnxsim")


def test_a_missed_floor_is_code_1_and_keeps_the_artifact(
    f2p: Callable,
    small_bundle: "Bundle",
    photo: Path,
    landmarks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from f2p_deploy.export import parity

    stricter = {name: replace(floors, render=1e6) for name, floors in parity.FLOORS.items()}
    monkeypatch.setattr(parity, "FLOORS", stricter)
    (photo.parent / "notes.jpg").write_text("not a picture")
    out = tmp_path / "art"
    words = ("--bundle", small_bundle.path, "--photos", photo.parent, "--landmarks", landmarks, "-o", out)
    ran = f2p("export", "--target", "onnx", *words)
    assert ran.code == 1
    assert "error: onnx does not compute the same face as PyTorch. render:" in ran.err
    assert "warning: left out: notes.jpg: this is not a picture" in ran.err
    lines = [line for line in ran.out.splitlines() if line.startswith(("one_shot", "describe", "render", "step"))]
    assert [("MISSED" in line) for line in lines] == [line.startswith("render") for line in lines]
    assert "parity with PyTorch: failed" in ran.out and "astronaut.png" in ran.out
    assert json.loads((out / "manifest.json").read_text())["parity"] == "failed"


def test_no_photo_with_a_face(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    photo = tmp_path / "notes.jpg"
    photo.write_text("not a picture")
    words = ("--bundle", small_bundle.path, "--photos", photo, "--offline", "-o", tmp_path / "art")
    ran = f2p("export", "--target", "onnx", *words)
    assert ran.code == 2 and "error: none of the photos has a face that an export could be checked with" in ran.err
    assert not (tmp_path / "art").exists()


def test_a_place_that_is_no_artifact(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    ran = f2p("export", "--target", "onnx", "--bundle", small_bundle.path, "-o", tmp_path)
    assert ran.code == 2 and "exists and is not an artifact, so it is not replaced" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
