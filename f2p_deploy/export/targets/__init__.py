"""Where a bundle can be exported to, one file a family of targets."""

from f2p_deploy.export.targets import onnx  # noqa: F401  (registers itself)
from f2p_deploy.export.targets.target import TARGETS, Target, find_target

__all__ = ["TARGETS", "Target", "find_target"]
