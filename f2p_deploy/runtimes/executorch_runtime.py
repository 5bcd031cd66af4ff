"""ExecuTorch: the methods of a `.pte` file, with XNNPACK's kernels and portable ones."""

from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import InputError


@register_runtime
class ExecuTorch(Runtime):
    """ExecuTorch on the processor. Its package has no setting for the number of threads.

    All methods of a file compute in one memory (`executorch.runtime.Program.load_method`, 1.5.1), so calls wait for one
    another, those of different graphs too.
    """

    name = "executorch"
    summary = "ExecuTorch on the processor, XNNPACK"
    suffixes = (".pte",)
    module = "executorch"
    extra = "executorch"

    def describe_device(self) -> str:
        """Return the version of ExecuTorch and the kernels' name."""
        return f"executorch {version('executorch')}, CPU, XNNPACK"

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        self._programs: dict[Path, Any] = {}
        self._alone = Lock()

    def _load(self, graph: str) -> Any:
        from executorch.runtime import Runtime as Methods

        file = self.artifact.path(graph)
        try:
            with self._alone:
                if file not in self._programs:
                    self._programs[file] = Methods.get().load_program(file)
                method = self._programs[file].load_method(graph)
        except (RuntimeError, ValueError, KeyError) as error:
            raise InputError(f"{file} has no method {graph!r} that ExecuTorch can run; {SAID}") from error
        if method is None:
            raise InputError(f"{file} has no method {graph!r}")
        return method

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        import torch

        entry, method = self.artifact.manifest.graphs[graph], self._loaded(graph)
        tensors = [torch.from_numpy(np.array(inputs[spec.name])) for spec in entry.inputs]
        with self._alone:
            found = method.execute(tensors)
            copies = [tensor.clone().numpy() for tensor in found]
        return {spec.name: copy for spec, copy in zip(entry.outputs, copies, strict=True)}
