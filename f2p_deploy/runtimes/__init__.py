"""Artifacts -> answers. Nothing here imports the export, and nothing but `torch.py` imports PyTorch."""

from f2p_deploy.runtimes.base import RUNTIMES, Runtime
from f2p_deploy.runtimes.loading import AUTO, find_runtime, load
from f2p_deploy.runtimes.torch import TorchRuntime

__all__ = ["AUTO", "RUNTIMES", "Runtime", "TorchRuntime", "find_runtime", "load"]
