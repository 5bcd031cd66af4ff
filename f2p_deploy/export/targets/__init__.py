"""The targets of an export, one module for each family."""

from f2p_deploy.export.targets import (  # noqa: F401  (importing registers)
    coreml_target,
    executorch_target,
    litert_target,
    ncnn_target,
    onnx_target,
    tensorrt_target,
)
from f2p_deploy.export.targets.target import TARGETS, Target, find_target

__all__ = ["TARGETS", "Target", "find_target"]
