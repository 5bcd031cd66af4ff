"""TensorRT's engines without a card: refused with one message, before anything is loaded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.runtimes import AUTO, RUNTIMES, load
from f2p_deploy.runtimes.tensorrt import tensorrt_runtime
from f2p_deploy.runtimes.tensorrt.tensorrt_runtime import TensorRt
from f2p_deploy.system.cuda_devices import CudaDevice, cuda_devices
from f2p_deploy.system.errors import MissingDependency

HARDWARE = {"flavor": "rtx", "compute_capability": "8.6, 8.9"}


@pytest.fixture
def engines(forged: Callable[..., Path]) -> Callable[..., Artifact]:
    """An artifact whose graphs are files called engines."""
    from dataclasses import replace

    def make(**hardware: str) -> Artifact:
        graphs = {
            name: replace(entry, file=f"{name}.engine", source=entry.file)
            for name, entry in read_artifact(forged()).manifest.graphs.items()
        }

        def write(folder: Path) -> None:
            for name in graphs:
                (folder / f"{name}.engine").write_bytes(b"engine")

        return read_artifact(forged(write, graphs=graphs, hardware={**HARDWARE, **hardware}, tools={}))

    return make


def test_it_is_known_by_its_name_and_files() -> None:
    assert RUNTIMES["tensorrt"] is TensorRt and TensorRt.suffixes == (".engine",)
    assert AUTO.index("tensorrt") > AUTO.index("onnxruntime"), "what runs on any machine is looked at first"
    assert "onnxruntime-trt-rtx" in RUNTIMES and RUNTIMES["onnxruntime-trt-rtx"].suffixes == (".onnx",)


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a card")
def test_without_a_card_it_says_so(engines: Callable[..., Artifact]) -> None:
    with pytest.raises(MissingDependency, match="compute capability 8.6, 8.9, this machine has none|cannot run here"):
        load(engines(), "tensorrt")
    assert TensorRt.why_not_here()
    with pytest.raises(MissingDependency, match="onnxruntime_ep_nv_tensorrt_rtx is not installed|no NVIDIA card"):
        RUNTIMES["onnxruntime-trt-rtx"].require_usable()


def test_an_engine_for_another_card_is_refused_before_it_is_loaded(
    engines: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TensorRt, "why_not_here", classmethod(lambda cls: ""))
    monkeypatch.setattr(tensorrt_runtime, "cuda_devices", lambda: (CudaDevice("Some Card", "9.0"),))
    artifact = engines()
    words = r"built for compute capability 8.6, 8.9, the card Some Card has 9.0. Build them again for it: "
    with pytest.raises(MissingDependency, match=words + artifact.manifest.command):
        TensorRt(artifact)
    with pytest.raises(MissingDependency, match="the card 3 was asked for, and there are 1 here"):
        TensorRt(engines(compute_capability="9.0"), device=3)


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a card")
def test_a_card_without_its_driver_is_one_sentence(
    engines: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorrt_rtx")
    pytest.importorskip("cuda.bindings.runtime")
    monkeypatch.setattr(TensorRt, "why_not_here", classmethod(lambda cls: ""))
    monkeypatch.setattr(tensorrt_runtime, "cuda_devices", lambda: (CudaDevice("Some Card", "8.9"),))
    with pytest.raises(MissingDependency, match="needs an NVIDIA card and its driver, and there is none here"):
        TensorRt(engines())
