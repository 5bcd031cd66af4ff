"""The samples on which graphs are measured: real inputs with PyTorch's outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.step_tensors import plain_step
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.export.export_graphs import ExportGraph

#: The momentum of the samples of `step` if the bundle's settings have none.
MOMENTUM = 0.5

#: Number of random characters among the samples of `render`, besides those of the faces.
RANDOM_CHARACTERS = 8


@dataclass(frozen=True)
class Samples:
    """Inputs and PyTorch's outputs of one graph by tensor name, samples along the first axis.

    Args:
        names: one for each sample.
        inputs: those named in `shared` have no sample axis.
        reference: PyTorch's float32 outputs.
        shared: names of inputs that all samples share.
    """

    names: tuple[str, ...]
    inputs: Arrays
    reference: Arrays
    shared: tuple[str, ...] = ()

    def first(self, count: int) -> "Samples":
        """Return the first `count` samples, or all if there are fewer."""
        return self.rows(range(min(count, len(self.names))))

    def rows(self, rows: Sequence[int]) -> "Samples":
        """Return the samples in these rows."""
        chosen = list(rows)
        inputs = {name: value if name in self.shared else value[chosen] for name, value in self.inputs.items()}
        reference = {name: value[chosen] for name, value in self.reference.items()}
        return Samples(tuple(self.names[row] for row in chosen), inputs, reference, self.shared)

    def first_batch(self, batch: int) -> dict[str, np.ndarray]:
        """Return the inputs of one batch, repeating samples if there are too few."""
        rows = np.arange(batch) % len(self.names)
        return {
            name: value if name in self.shared else np.ascontiguousarray(value[rows])
            for name, value in self.inputs.items()
        }


def sample_graphs(bundle: Bundle, graphs: tuple["ExportGraph", ...], faces: Faces) -> dict[str, Samples]:
    """Return samples of every graph by its name.

    The samples of `one_shot`, `describe` and `segment` are the faces, those of `render` their characters and random
    ones, and those of the steps the first step from `f2p_deploy.model.state.first_state` towards each face.

    Raises:
        InputError: the faces have another size than the bundle's.
    """
    from f2p_deploy.model.state import first_state

    size = bundle.settings.architecture.image_size
    if faces.images.shape[-1] != size:
        raise InputError(f"the bundle {bundle.name} takes faces of {size} pixels, found {faces.images.shape[-1]}")
    samples: dict[str, Samples] = {}
    parameters = random_batch(bundle.schema, RANDOM_CHARACTERS, seed=0)
    characters = tuple(f"random character {i}" for i in range(RANDOM_CHARACTERS))
    for graph in graphs:
        names, inputs = faces.names, {"face": faces.images}
        if graph.name == "render":
            names, inputs = characters, {"parameters": parameters}
        elif graph.name == "compare_fast":
            photo = samples["describe"].reference
            names = characters
            inputs = {"parameters": parameters, "identity": photo["identity"][:1], "content": photo["content"][:1]}
        elif graph.name in STEPS:
            start, settings = first_state(bundle, len(names)).numpy(), bundle.settings.iterative
            inputs = plain_step(start, samples["describe"].reference, settings.learning_rate, settings)
            inputs["momentum"] = np.array([settings.momentum or MOMENTUM], np.float32)
            inputs = {spec.name: inputs[spec.name] for spec in graph.inputs}
        reference = run_in_batches(graph.compute, inputs, graph.batch, graph.shared)
        samples[graph.name] = Samples(names, inputs, reference, graph.shared)
        if graph.name == "one_shot":
            parameters = np.concatenate([reference["parameters"], parameters])
            characters = (*faces.names, *characters)
    return samples
