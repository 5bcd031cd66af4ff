"""PyTorch: runs a bundle as it is, its gradients by autograd; what every artifact is compared with."""

import platform

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.artifact.artifact import Artifact, FileRecord, GraphEntry, Manifest
from f2p_deploy.model.bundle import HEADER, Bundle
from f2p_deploy.runtimes.base import Runtime, register
from f2p_deploy.system.threads import use_torch_threads


@register("torch", "PyTorch on the processor; runs bundles", suffixes=(), module="torch", extra="export")
class TorchRuntime(Runtime):
    """The networks of a bundle, float32 on the CPU, with the methods and checks of every other runtime.

    Calls of several threads run side by side, each with so many threads of PyTorch's as are asked for here.

    Args:
        bundle: a complete one.
        batch: the batch size N of every graph.
        threads: how many threads one call uses; if None, as PyTorch is set, held to the cores that this process may
            use. PyTorch keeps the number for each calling thread: it holds for whatever else that thread computes.

    Raises:
        InputError: a batch or a number of threads below 1, or a bundle that lacks a network.
        MissingDependency: PyTorch is not installed.
    """

    def __init__(self, bundle: Bundle, batch: int = 1, threads: int | None = None) -> None:
        self.require_usable(threads)
        from f2p_deploy.model.graphs import bundle_graphs

        use_torch_threads(threads)
        self._graphs = {graph.name: graph for graph in bundle_graphs(bundle, batch)}
        entries = {
            name: GraphEntry(HEADER, graph.inputs, graph.outputs, "fp32", "fp32", graph.shared)
            for name, graph in self._graphs.items()
        }
        super().__init__(Artifact(bundle.path, _manifest(bundle, batch, entries)), threads)

    def describe_device(self) -> str:
        """Return the version."""
        import torch

        return f"torch {torch.__version__}, CPU, f32"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        use_torch_threads(self.threads)
        return self._graphs[graph].compute(inputs)


def _manifest(bundle: Bundle, batch: int, entries: dict[str, GraphEntry]) -> Manifest:
    """Return what an artifact of the bundle would say about itself; its files are the bundle's own."""
    from f2p_deploy.model.graphs import bundle_facts

    return Manifest(
        target="torch",
        **bundle_facts(bundle),
        batch=batch,
        graphs=entries,
        tools={"f2p-deploy": __version__, "python": platform.python_version()},
        hardware={},
        command="",
        files={name: FileRecord(entry.bytes, entry.sha256) for name, entry in bundle.stored.items()},
    )
