"""ONNX Runtime's plugin for TensorRT for RTX: found by name, and refused where it is not installed."""

from pathlib import Path

import pytest

from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.onnxruntime.onnxruntime_rtx import PACKAGE, OnnxRuntimeTensorRtRtx
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import MissingDependency


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a card")
def test_what_is_missing_is_named(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxRuntimeTensorRtRtx, "module", "no_such_plugin")
    with pytest.raises(MissingDependency, match=f"no_such_plugin is not installed: .*pip install {PACKAGE}"):
        load(small_artifact, "onnxruntime-trt-rtx")
    monkeypatch.setattr(OnnxRuntimeTensorRtRtx, "module", "numpy")
    with pytest.raises(MissingDependency, match="no NVIDIA card is visible here"):
        load(small_artifact, "onnxruntime-trt-rtx")
