"""PyTorch: runs a bundle without an export, with gradients by autograd. Every artifact is compared with it."""

import platform
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.artifact.artifact import Artifact, FileRecord, GraphEntry, Manifest
from f2p_deploy.model.bundle import HEADER, Bundle
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import missing_modules, require
from f2p_deploy.system.threads import use_torch_threads

if TYPE_CHECKING:
    from f2p_deploy.model.graphs import BundleGraph


def require_torch(purpose: str = "running a bundle, unlike an artifact (--artifact DIR),") -> None:
    """Raise unless PyTorch is installed.

    Args:
        purpose: what needs it, as the subject of the error message.

    Raises:
        MissingDependency: PyTorch is missing; the message has the line that installs it.
    """
    if "torch" in missing_modules("export"):
        require("export", purpose)


@register_runtime
class TorchRuntime(Runtime):
    """The networks of a bundle, float32 on the CPU, with the methods and checks of every other runtime.

    A partly trained bundle has only the graphs whose networks it has. Networks are read at the first computation.
    Calls from several threads run in parallel, each with `threads` threads of PyTorch.

    Args:
        bundle: holds the networks.
        batch: the batch size N of every graph.
        threads: number of threads for one call; None for PyTorch's own setting, at most the cores that this process
            may use. PyTorch stores the number per calling thread, so it also applies to that thread's other work.

    Raises:
        InputError: a batch or a number of threads below 1.
        MissingDependency: PyTorch is not installed.
    """

    name = "torch"
    summary = "PyTorch on the processor; runs bundles"
    suffixes = ()
    module = "torch"
    extra = "export"

    def __init__(self, bundle: Bundle, batch: int = 1, threads: int | None = None) -> None:
        self.require_usable(threads)
        if batch < 1:
            raise InputError(f"the batch size must be at least 1, found {batch}")
        from f2p_deploy.model.graphs import available_graphs

        use_torch_threads(threads)
        self.bundle, self.batch, self.threads, self.device = bundle, batch, threads, 0
        self.schema, self.settings = bundle.schema, bundle.settings
        self._names = available_graphs(bundle)
        self._building = Lock()
        self._locks = {name: Lock() for name in self._names}
        self._ready = {}

    @classmethod
    def require_usable(cls, threads: int | None = None, device: int = 0) -> None:
        """Raise unless PyTorch is installed and the numbers are valid; see `Runtime.require_usable`."""
        require_torch()
        super().require_usable(threads, device)

    @property
    def graphs(self) -> tuple[str, ...]:
        """Names of the graphs whose networks the bundle has."""
        return self._names

    @property
    def bundle_name(self) -> str:
        """The bundle's name."""
        return self.bundle.name

    @property
    def bundle_fingerprint(self) -> str:
        """The bundle's fingerprint."""
        return self.bundle.fingerprint

    @property
    def folder(self) -> Path:
        """The bundle's folder."""
        return self.bundle.path

    @property
    def identity(self) -> str:
        """The runtime's name: PyTorch's version is not part of it."""
        return self.search_identity(self.name)

    @cached_property
    def artifact(self) -> Artifact:  # type: ignore[override]
        """An artifact that describes the bundle's graphs; its files are the bundle's own."""
        from f2p_deploy.model.graphs import bundle_facts

        entries = {
            name: GraphEntry(HEADER, graph.inputs, graph.outputs, "fp32", "fp32", graph.shared)
            for name, graph in self._graphs.items()
        }
        manifest = Manifest(
            target="torch",
            **bundle_facts(self.bundle),
            batch=self.batch,
            graphs=entries,
            tools={"f2p-deploy": __version__, "python": platform.python_version()},
            hardware={},
            command="",
            files={name: FileRecord(entry.bytes, entry.sha256) for name, entry in self.bundle.stored.items()},
        )
        return Artifact(self.bundle.path, manifest)

    @cached_property
    def _graphs(self) -> "dict[str, BundleGraph]":
        from f2p_deploy.model.graphs import bundle_graphs

        with self._building:
            return {graph.name: graph for graph in bundle_graphs(self.bundle, self.batch, self._names)}

    def why_no_graph(self, graph: str) -> str:
        """Return a sentence that says which networks the bundle lacks."""
        from f2p_deploy.model.graphs import GRAPHS, why_incomplete

        lacks = why_incomplete(self.bundle, graph) if graph in GRAPHS else ""
        return lacks or super().why_no_graph(graph)

    @property
    def outdated(self) -> dict[str, str]:
        """Sentences on the bundle's networks that were trained on others, see `outdated_networks`."""
        from f2p_deploy.model.shortcut_owner import outdated_networks

        return outdated_networks(self.bundle)

    def describe_device(self) -> str:
        """Return PyTorch's version and the device."""
        import torch

        return f"torch {torch.__version__}, CPU, f32"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        use_torch_threads(self.threads)
        return self._graphs[graph].compute(inputs)
