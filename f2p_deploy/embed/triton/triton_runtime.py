"""A runtime inside Triton: every call of a graph becomes a request to the model of that name in the same server."""

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.runtimes.base import Runtime

#: Calls a model: its name, its inputs and the names of the wanted outputs; returns the outputs by name.
CallModel = Callable[[str, Mapping[str, np.ndarray], Collection[str]], Mapping[str, np.ndarray]]


class TritonRuntime(Runtime):
    """Triton's models, called from one of them; not in the table of runtimes, since it works inside the server only.

    Args:
        artifact: the artifact that the models were made from; only its manifest is used.
        call: calls a model.
        batched: names of the models with a batch axis, see `f2p_deploy.runtimes.onnxruntime.batch_axis`.
    """

    name = "triton"
    summary = "Triton Inference Server, from one of its models"
    suffixes: ClassVar[tuple[str, ...]] = ()
    module = "numpy"

    def __init__(self, artifact: Artifact, call: CallModel, batched: Collection[str]) -> None:
        super().__init__(artifact)
        self.call = call
        self.batched = frozenset(batched)

    def describe_device(self) -> str:
        """Return the server's name."""
        return "Triton Inference Server"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        entry = self.artifact.manifest.graphs[graph]
        if graph in self.batched:
            inputs = {name: value[None] if name in entry.shared else value for name, value in inputs.items()}
        outputs = self.call(graph, inputs, [spec.name for spec in entry.outputs])
        return {spec.name: np.array(outputs[spec.name]).reshape(spec.shape) for spec in entry.outputs}
