"""`calibrate`: its output, and a sentence for every error."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.export.calibration.calibration_set import read_calibration_set

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_portraits_become_a_set(
    f2p: Callable, small_bundle: "Bundle", shared: Path, landmarker: Path, tmp_path: Path
) -> None:
    portraits = shared / "data" / "portraits"
    if not portraits.is_dir():
        pytest.skip(f"no portraits in {portraits}")
    folder = tmp_path / "portraits"
    folder.mkdir()
    for path in sorted(portraits.glob("*.jpg"))[:80]:
        (folder / path.name).symlink_to(path)
    words = (folder, "-o", tmp_path / "set", "--bundle", small_bundle.path, "--landmarker", landmarker, "--count", 66)
    ran = f2p("calibrate", *words)
    assert ran.code == 0, ran.err
    made = read_calibration_set(tmp_path / "set")
    assert made.count == 66 and f"hash {made.hash[:12]}" in ran.out
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["photos", "80"] in lines and ["faces", "66"] in lines
    assert ["left", "out:", "surplus", str(made.reasons()["surplus"])] in lines
    assert sum(int(cell) for line in lines if line[:1] == ["yaw"] for cell in line[-4:]) == 66
    assert "warning: the calibration set has 66 faces; 512 are recommended" in ran.err
    assert made.command.startswith(f"f2p-deploy calibrate {folder} -o") and made.command.endswith(str(landmarker))
    again = f2p("calibrate", *words, "--json")
    assert again.json["hash"] == made.hash and again.json["count"] == 66


def test_bad_input_has_one_sentence(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    bundle = ("--bundle", small_bundle.path, "--landmarks", landmarks)
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, sentence in (
        ((empty, "-o", out, *bundle), f"the folder {empty} has no photo directly in it"),
        ((tmp_path / "no.jpg", "-o", out, *bundle), "there is no file"),
        ((photo, "-o", out, *bundle), "a calibration set needs at least 64 faces, 1 were found in 1 photos"),
        ((photo, "-o", out, *bundle, "--count", 3), "a calibration set needs at least 64 faces, asked for 3"),
        ((photo, "-o", out, *bundle, "--only", "trainin"), "no split named 'trainin'. Did you mean 'training'?"),
        ((photo, "-o", photo.parent, *bundle), "is not a calibration set, so it is not replaced"),
    ):
        ran = f2p("calibrate", *words)
        assert ran.code == 2 and sentence in ran.err, ran.err
        assert ran.err.count("error:") == 1 and not out.exists()


def test_export_prints_the_trade_and_the_verdict_and_keeps_graphs_float(
    f2p: Callable,
    small_bundle: "Bundle",
    make_calibration_set: Callable[..., Path],
    tmp_path: Path,
    exporting: Callable,
) -> None:
    pytest.importorskip("onnxsim")
    words = ("--bundle", small_bundle.path, "--calibration", make_calibration_set(tmp_path / "set"))
    kept = ("--keep-float", "describe", "--keep-float", "one_shot", "--trajectories", 0)
    with exporting("one_shot", "render"):
        ran = f2p("export", "--target", "onnx-int8", *words, *kept, "-o", tmp_path / "art")
    assert ran.code == 0, ran.err
    assert "warning: the calibration set has 64 faces; 512 are recommended" in ran.err
    manifest = read_artifact(tmp_path / "art").manifest
    precisions = {name: entry.precision_found for name, entry in manifest.graphs.items()}
    assert precisions == {"one_shot": "fp32", "render": "int8"}
    assert "--keep-float describe --keep-float one_shot" in manifest.command
    verdict = manifest.calibration["verdict"]["render"]
    assert f"{verdict['quantised']} of {verdict['of']}" in ran.out and "chosen" in ran.out
    assert "\nrender: " in ran.out and "worth it" in ran.out and "calibrated on 64 faces" in ran.out
    assert f"page: {tmp_path / 'art' / 'int8.html'}" in ran.out
    shown = f2p("inspect", tmp_path / "art")
    calibrated = f"calibration: 64 faces, hash {manifest.calibration['hash'][:12]}"
    assert f"{calibrated}; render {verdict['quantised']} of" in shown.out


def test_export_needs_a_set(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    words = ("--bundle", small_bundle.path, "-o", tmp_path / "art")
    ran = f2p("export", "--target", "onnx-int8", *words)
    assert ran.code == 2 and "f2p-deploy calibrate PHOTOS -o CALIBRATION" in ran.err
    ran = f2p("export", "--target", "onnx", "--calibration", tmp_path, *words)
    words = "--calibration, only coreml-int4, litert-int4, onnx-int8, onnx-int4, trt-int8: leave it out"
    assert ran.code == 2 and words in ran.err
    assert not (tmp_path / "art").exists()
