"""Where a bundle can be exported to, one file a family of targets."""

from f2p_deploy.export.targets import coreml_target, onnx_target, tensorrt_target  # noqa: F401  (they register themselves)
from f2p_deploy.export.targets.target import TARGETS, Target, find_target

__all__ = ["TARGETS", "Target", "find_target"]
