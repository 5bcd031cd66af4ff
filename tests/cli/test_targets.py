"""`targets`: all targets, and which of them work here."""

from collections.abc import Callable

import pytest


def test_the_table_has_a_line_a_target_and_the_reasons(f2p: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    from f2p_deploy.system.extras import EXTRAS, install_line

    monkeypatch.setitem(EXTRAS, "export", ("numpy", "no_such_exporter"))
    ran = f2p("targets")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.out.split("\n\n")[0].splitlines()}
    assert {"target", "onnx", "trt-fp16", "trt-fp32"} <= set(lines)
    assert lines["onnx"].endswith(" run") and "PyTorch" in lines["onnx"] and "*.onnx" in lines["onnx"]
    reason = f"cannot be built here: missing no_such_exporter: {install_line('export')}"
    assert any("trt-fp16" in line.split(": ")[0] and line.endswith(reason) for line in ran.out.splitlines())


def test_json(f2p: Callable) -> None:
    pytest.importorskip("onnxsim")
    targets = {target["name"]: target for target in f2p("targets", "--json").json["targets"]}
    assert targets["onnx"]["builds"] and targets["onnx"]["runs"] and not targets["onnx"]["why_not_built"]
    trt = targets["trt-fp16"]
    assert trt["file"] == "*.engine" and trt["options"] == ["--flavor", "--compute-capability"]
    assert trt["runs"] == (not trt["why_not_run"]) and trt["builds"] == (not trt["why_not_built"])


def test_no_compiler_is_loaded(f2p: Callable) -> None:
    import sys

    before = set(sys.modules)
    f2p("targets")
    assert not {"tensorrt", "tensorrt_rtx", "torch"} & (set(sys.modules) - before)
