"""ONNX Runtime with TensorRT for RTX: compiles graphs for the card at their first use, without an engine file."""

from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.runtimes.base import register_runtime
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, opened, session_options
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.extras import package_line

#: A separate plugin, installed beside the ordinary onnxruntime.
PACKAGE = "onnxruntime-ep-nv-tensorrt-rtx-cu13"

#: A CUDA graph for each graph saves launches; all shapes are fixed. The plugin compares addresses in each call and
#: captures again if they changed, so arrays in host memory need no binding.
OPTIONS = {"enable_cuda_graph": "1"}

_registered: set[str] = set()
_registering = Lock()


@register_runtime
class OnnxRuntimeTensorRtRtx(OnnxRuntime):
    """ONNX Runtime with TensorRT for RTX as a plugin. Calls run one after another: they share a CUDA graph."""

    name = "onnxruntime-trt-rtx"
    summary = "ONNX Runtime with TensorRT for RTX, on an NVIDIA card"
    module = "onnxruntime_ep_nv_tensorrt_rtx"
    provider = "NvTensorRTRTXExecutionProvider"
    on_card = True

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        self._lock = Lock()

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: the plugin is missing, or there is no card."""
        reason = super(OnnxRuntime, cls).why_not_here()
        if reason:
            return f"{cls.module} is not installed: {package_line(PACKAGE)}"
        return "" if cuda_devices() else "no NVIDIA card is visible here"

    def _load(self, graph: str) -> Any:
        options = session_options(self.threads)
        # Without this, nodes that the card cannot compute would silently run on the processor.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        options.add_provider_for_devices([self._device()], OPTIONS)
        with self._lock:
            return opened(str(self.artifact.path(graph)), options, self.provider, None)

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self._loaded(graph)  # before the lock, which loading takes as well
        with self._lock:
            return super()._compute(graph, inputs)

    def _device(self) -> Any:
        """Return the plugin's object for the card.

        Raises:
            MissingDependency: the plugin cannot use the card.
        """
        import onnxruntime
        import onnxruntime_ep_nv_tensorrt_rtx as plugin

        with _registering:
            if self.provider not in _registered:
                onnxruntime.register_execution_provider_library(plugin.get_ep_name(), plugin.get_library_path())
                _registered.add(self.provider)
        cards = [device for device in onnxruntime.get_ep_devices() if device.ep_name == plugin.get_ep_name()]
        if self.device >= len(cards):
            raise MissingDependency(
                f"the card {self.device} was asked for, but {PACKAGE} can use only {len(cards)} here, counted from 0: "
                "it needs RTX 30 or newer"
            )
        return cards[self.device]
