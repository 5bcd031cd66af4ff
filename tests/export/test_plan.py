"""The plan of an export, and the errors that are raised before it begins."""

import errno
import json
import os
import re
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from f2p_deploy.export import BuildOptions, plan_export
from f2p_deploy.export.plan import repeatable
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.extras import EXTRAS, install_line

pytest.importorskip("onnxsim")


def test_the_plan_says_what_would_be_written(small_bundle: Bundle, small_artifact: Path, tmp_path: Path) -> None:
    plan = plan_export(small_bundle, "onnx", tmp_path / "out", batch=2, trajectories=0)
    assert (plan.target, plan.precision, plan.bundle, plan.batch) == ("onnx", "fp32", "small", 2)
    assert tuple(plan.graphs) == ("one_shot", "describe", "render", "step", "segment")
    assert plan.graphs["render"].file == "render.onnx" and plan.graphs["render"].inputs[0].shape == (2, 11)
    assert plan.replaces == "" and plan.hardware == {"built_for": "any"} and plan.trajectories == 0
    assert plan.command.endswith("--batch 2 --trajectories 0")
    # About: graphs and golden vectors are not weights, and folded batch norms are gone.
    written = sum(path.stat().st_size for path in small_artifact.iterdir() if path.suffix != ".npz")
    assert 0.5 * written < plan.bytes_at_most < 2 * written
    assert json.loads(json.dumps(plan.to_dict()))["folder"] == str(tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_what_would_be_replaced(small_bundle: Bundle, small_artifact: Path, tmp_path: Path) -> None:
    assert plan_export(small_bundle, "onnx", small_artifact).replaces == "the artifact of small for onnx"
    (tmp_path / "manifest.json").write_text("{")
    assert plan_export(small_bundle, "onnx", tmp_path).replaces == "a damaged artifact"


def test_places_that_cannot_be_written_to(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is not a folder"):
        plan_export(small_bundle, "onnx", tmp_path / "file" / "out")
    with pytest.raises(InputError, match="exists and is not an artifact, so it is not replaced"):
        plan_export(small_bundle, "onnx", tmp_path)
    monkeypatch.setattr(
        os, "access", lambda path, mode: False
    )  # root, who runs tests in containers, may write anywhere
    with pytest.raises(InputError, match="cannot be written to"):
        plan_export(small_bundle, "onnx", tmp_path / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_too_little_space_is_known_before(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(2_000, 1_000, 1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(InputError, match=r"needs about \d+ MB, there are 0 MB left: make space, or choose another"):
        plan_export(small_bundle, "onnx", tmp_path / "out")


def test_a_batch_of_none(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch size must be at least 1, found 0"):
        plan_export(small_bundle, "onnx", tmp_path / "out", batch=0)


def test_options_of_other_targets_are_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="onnx does not take --flavor, only trt-fp16, trt-fp32, trt-int8: leave"):
        plan_export(small_bundle, "onnx", tmp_path / "out", options=BuildOptions(flavor="rtx"))
    with pytest.raises(InputError, match="onnx does not take --compute-capability"):
        plan_export(small_bundle, "onnx", tmp_path / "out", options=BuildOptions(compute_capabilities=("8.9",)))
    with pytest.raises(InputError, match="onnx-fp16 does not take --keep-float, only onnx-int8, trt-int8: leave"):
        plan_export(small_bundle, "onnx-fp16", tmp_path / "out", options=BuildOptions(keep_float=("render",)))


def test_weights_in_float16_take_half_the_space_and_lose_nothing(
    small_bundle: Bundle, half_bundle: Bundle, tmp_path: Path
) -> None:
    halved = BuildOptions(weights="float16")
    plan, half = plan_export(half_bundle, "onnx", tmp_path), plan_export(half_bundle, "onnx", tmp_path, options=halved)
    assert half.bytes_at_most == plan.bytes_at_most / 2
    assert half.command.endswith(" --weights float16") and half.precision == "fp32"
    with pytest.raises(InputError, match="stores its weights in float32, which --weights float16 would round: leave"):
        plan_export(small_bundle, "onnx", tmp_path, options=halved)


def test_a_missing_extra(small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "export", ("numpy", "no_such_exporter"))
    with pytest.raises(MissingDependency, match=r"'onnx' needs no_such_exporter.*" + re.escape(install_line("export"))):
        plan_export(small_bundle, "onnx", tmp_path / "out")


def test_options_stand_in_the_command(small_bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx")
    options = BuildOptions("rtx", ("8.6", "8.9"))
    plan = plan_export(small_bundle, "trt-fp16", tmp_path / "out", options=options)
    assert plan.command.endswith("--flavor rtx --compute-capability 8.6 --compute-capability 8.9")
    assert plan.compiler.startswith("TensorRT for RTX 1.") and plan.hardware["compute_capability"] == "8.6, 8.9"
    assert plan.graphs["step"].file == "step.engine" and (plan.measured_with, plan.verified) == ("onnxruntime", "graph")


def test_a_failed_compiler_gets_the_line_that_repeats_it() -> None:
    sentence = "^it broke. To repeat it: f2p-deploy export$"
    with pytest.raises(CompilerError, match=sentence), repeatable("f2p-deploy export", Path("out")):
        raise CompilerError("it broke")


def test_a_full_disk_is_a_sentence_and_other_errors_of_the_system_pass() -> None:
    sentence = "cannot write the artifact out: .*make space"
    with pytest.raises(InputError, match=sentence), repeatable("f2p-deploy export", Path("out")):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(PermissionError), repeatable("f2p-deploy export", Path("out")):
        raise PermissionError(errno.EACCES, "no")
