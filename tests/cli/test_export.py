"""`export`: parity table, artifact, plan, a missed floor, and errors before and during the export."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("onnxsim")

#: Where an export gets its graphs from.
GRAPHS = "f2p_deploy.export.export_graphs.exportable_graphs"


def test_a_missed_floor_is_code_1_and_keeps_the_artifact(
    f2p: Callable,
    small_bundle: "Bundle",
    photo: Path,
    landmarks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exporting: Callable,
) -> None:
    from dataclasses import replace

    from f2p_deploy.artifact import parity

    monkeypatch.setenv("COLUMNS", "200")
    stricter = {name: replace(floors, render=1e6) for name, floors in parity.FLOORS.items()}
    monkeypatch.setattr(parity, "FLOORS", stricter)
    (photo.parent / "notes.jpg").write_text("not a picture")
    out = tmp_path / "art"
    words = (
        "--bundle",
        small_bundle.path,
        "--photos",
        photo.parent,
        "--landmarks",
        landmarks,
        "-o",
        out,
        "--trajectories",
        0,
    )
    with exporting("one_shot", "render"):
        ran = f2p("export", "--target", "onnx", *words)
    assert ran.code == 1
    assert "error: onnx does not compute the same face as PyTorch. render:" in ran.err
    assert "warning: left out: notes.jpg: this is not a picture" in ran.err
    lines = [line for line in ran.out.splitlines() if line.startswith(("one_shot", "render"))]
    assert len(lines) > 1
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


def test_a_folder_that_is_no_artifact_is_not_replaced(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    ran = f2p("export", "--target", "onnx", "--bundle", small_bundle.path, "-o", tmp_path)
    assert ran.code == 2 and "exists and is not an artifact, so it is not replaced" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture
def only_render(monkeypatch: pytest.MonkeyPatch) -> None:
    """Export the smallest of the graphs alone."""
    from f2p_deploy.export.export_graphs import exportable_graphs

    monkeypatch.setattr(GRAPHS, lambda *given: (exportable_graphs(*given)[2],))


def test_a_dry_run_prints_the_plan_and_writes_nothing(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    words = ("export", "--target", "onnx", "--bundle", small_bundle.path, "-o", tmp_path / "art", "--batch", 2)
    ran = f2p(*words, "--trajectories", 0, "--dry-run")
    assert ran.code == 0 and ran.out.endswith("nothing was written\n")
    assert "small, batches of 2" in ran.out and "single steps only" in ran.out
    assert any(line.startswith("step: ") and "learning_rate 1 float32" in line for line in ran.out.splitlines())
    plan = f2p(*words, "--dry-run", "--json").json
    assert plan["command"].endswith(f"-o {tmp_path / 'art'} --bundle {small_bundle.path} --batch 2")
    assert plan["graphs"]["render"]["outputs"][0]["shape"] == [2, 3, 128, 128] and plan["replaces"] == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--target", "trt-fp61"), 2, "no target named 'trt-fp61'. Did you mean 'trt-fp16'?"),
        (("--target", "onnx", "--flavor", "rtx"), 2, "onnx does not take --flavor, only trt-fp16, trt-fp32"),
        (("--target", "trt-fp16", "--flavor", "rtxx"), 2, "no flavor of TensorRT named 'rtxx'. Did you mean 'rtx'?"),
        (("--target", "onnx", "--batch", "0"), 2, "'--batch'"),
        (("--target", "onnx", "--trajectories", "-1"), 2, "trajectories must not be negative, found -1"),
        (("--target", "onnx", "--opset", "15"), 2, "No such option: --opset"),
        (("--target", "onnx", "-o", "FILE/art"), 2, "is not a folder"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_wrong_options_are_refused_before_any_work(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, words: tuple[str, ...], code: int, sentence: str, dry: bool
) -> None:
    (tmp_path / "file").write_text("mine")
    words = tuple(word.replace("FILE", str(tmp_path / "file")) for word in words)
    place = () if "-o" in words else ("-o", tmp_path / "art")
    ran = f2p("export", *words, "--bundle", small_bundle.path, *place, *(("--dry-run",) if dry else ()))
    assert ran.code == code and sentence in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_wrong_cards(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx")
    words = ("export", "--target", "trt-fp16", "--flavor", "rtx", "--bundle", small_bundle.path, "-o", tmp_path / "art")
    ran = f2p(*words, "--compute-capability", "sm_89")
    assert ran.code == 2 and "no compute capability 'sm_89': TensorRT for RTX 1." in ran.err and "8.9, 12.0" in ran.err
    ran = f2p(*words, "--compute-capability", "8.9", "--compute-capability", "7.5", "--dry-run")
    assert ran.code == 2 and "an engine for 7.5 (Turing) runs on no other card" in ran.err
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_is_not_here_is_code_3(
    f2p: Callable, small_bundle: "Bundle", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.export.tensorrt import tensorrt_flavors

    monkeypatch.setattr(tensorrt_flavors, "find_spec", lambda module: None)
    for words in ((), ("--dry-run",), ("--flavor", "rtx")):
        ran = f2p("export", "--target", "trt-fp16", "--bundle", small_bundle.path, "-o", tmp_path / "art", *words)
        assert ran.code == 3 and "[rtx]'" in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the builder's process in Linux's /proc")
def test_a_killed_builder_is_code_4_and_leaves_nothing(
    f2p: Callable,
    small_bundle: "Bundle",
    photo: Path,
    landmarks: Path,
    only_render: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tensorrt_rtx")
    from f2p_deploy.cli import console

    def kill_the_builder(bar: object, key: str, done: float, total: float, doing: str) -> None:
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split() if done > 0.3 else ():
            if b"compiler_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)

    monkeypatch.setattr(console.Bar, "update", kill_the_builder)
    out = tmp_path / "deep" / "art"
    words = ("--bundle", small_bundle.path, "--photos", photo, "--landmarks", landmarks, "-o", out, "--trajectories", 0)
    ran = f2p("export", "--target", "trt-fp32", "--json", *words)
    assert ran.code == 4 and ran.json["exit_code"] == 4
    assert "error: building the engine of render with TensorRT for RTX 1." in ran.err
    assert "its process was killed (SIGKILL), by a user or for lack of memory; --verbose shows what it said" in ran.err
    assert "what it said. To repeat it: f2p-deploy export --target trt-fp32" in ran.err
    assert not list(out.parent.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's size")
def test_no_space_while_writing_is_code_2_and_leaves_nothing(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, only_render: None, tmp_path: Path
) -> None:
    """A limit on the size of files ends a write as a full disk does."""
    import resource

    out = tmp_path / "deep" / "art"
    words = ("--bundle", small_bundle.path, "--photos", photo, "--landmarks", landmarks, "-o", out, "--trajectories", 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        ran = f2p("export", "--target", "onnx", *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ran.code == 2 and f"cannot write the artifact {out}: File too large; make space" in ran.err
    assert not list(out.parent.iterdir())
