"""ONNX Runtime with TensorRT for RTX: needs no engine file, compiles graphs for the card when they are first used."""

from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.runtimes.base import register_runtime
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, opened, session_options
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.extras import package_line

#: A plugin of its own: it lies beside the ordinary onnxruntime.
PACKAGE = "onnxruntime-ep-nv-tensorrt-rtx-cu13"

#: Launches are saved by a CUDA graph for each of our graphs; their shapes are fixed. The plugin compares addresses in
#: each call and captures again where they changed, so that arrays of a processor need not be bound.
OPTIONS = {"enable_cuda_graph": "1"}

_registered: set[str] = set()
_registering = Lock()


@register_runtime(
    "onnxruntime-trt-rtx",
    "ONNX Runtime with TensorRT for RTX, on an NVIDIA card",
    suffixes=(".onnx",),
    module="onnxruntime_ep_nv_tensorrt_rtx",
)
class OnnxRuntimeTensorRtRtx(OnnxRuntime):
    """ONNX Runtime's plugin provider of TensorRT for RTX. Calls wait for one another: a CUDA graph is one caller's."""

    provider = "NvTensorRTRTXExecutionProvider"
    on_card = True

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        self._lock = Lock()

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: the plugin is not installed, or there is no card."""
        reason = super(OnnxRuntime, cls).why_not_here()
        if reason:
            return f"{cls.module} is not installed: {package_line(PACKAGE)}"
        return "" if cuda_devices() else "no NVIDIA card is visible here"

    def _load(self, graph: str) -> Any:
        options = session_options(self.threads)
        # What the card cannot compute would be computed by the processor, and nobody would be told.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        options.add_provider_for_devices([self._device()], OPTIONS)
        with self._lock:
            return opened(str(self.artifact.path(graph)), options, self.provider, None)

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self._loaded(graph)  # before the lock, which loading takes as well
        with self._lock:
            return super()._compute(graph, inputs)

    def _device(self) -> Any:
        """Return the card, as the plugin calls it.

        Raises:
            MissingDependency: it cannot use it.
        """
        import onnxruntime
        import onnxruntime_ep_nv_tensorrt_rtx as plugin

        with _registering:
            if self.provider not in _registered:
                onnxruntime.register_execution_provider_library(plugin.get_ep_name(), plugin.get_library_path())
                _registered.add(self.provider)
        found = [device for device in onnxruntime.get_ep_devices() if device.ep_name == plugin.get_ep_name()]
        if self.device >= len(found):
            raise MissingDependency(
                f"the card {self.device} was asked for, and {PACKAGE} finds {len(found)} here that it can use: it "
                "needs RTX 30 or newer"
            )
        return found[self.device]
