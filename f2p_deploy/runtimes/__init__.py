"""The runtimes: each runs an artifact or a bundle, as one-shot generation, single steps or a whole search."""

from f2p_deploy.runtimes import (  # noqa: F401  (importing a module registers its runtimes)
    executorch_runtime,
    litert_runtime,
    ncnn_runtime,
    openvino_runtime,
)
from f2p_deploy.runtimes.base import RUNTIMES, Runtime
from f2p_deploy.runtimes.coreml import coreml_runtime  # noqa: F401
from f2p_deploy.runtimes.loading import AUTO, find_runtime, load
from f2p_deploy.runtimes.onnxruntime import onnx_runtime, onnxruntime_rtx  # noqa: F401
from f2p_deploy.runtimes.tensorrt import tensorrt_runtime  # noqa: F401
from f2p_deploy.runtimes.torch_runtime import TorchRuntime

__all__ = ["AUTO", "RUNTIMES", "Runtime", "TorchRuntime", "find_runtime", "load"]
