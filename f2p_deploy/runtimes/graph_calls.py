"""Runs single graphs on any number of faces or characters."""

from functools import partial

import numpy as np

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.result import check_schema, to_picture
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.system.errors import InputError


def run_graph(runtime: Runtime, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a graph on any number of samples.

    Args:
        runtime: of an artifact or a bundle.
        graph: the graph's name.
        inputs: by tensor name, K samples along the first axis.

    Returns:
        The outputs by tensor name.

    Raises:
        InputError: there is no such graph, or an input does not fit it.
    """
    runtime.artifact.path(graph)
    entry = runtime.artifact.manifest.graphs[graph]
    count = max(len(value) for name, value in inputs.items() if name not in entry.shared)
    return run_in_batches(partial(runtime.compute, graph), inputs, runtime.rows(graph, count), entry.shared)


def describe(runtime: Runtime, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return `identity` (K, d) and `content` (K, ...) of any number of faces (K, 3, S, S) float32 in [0, 1]."""
    return run_graph(runtime, "describe", {"face": faces})


def segment(runtime: Runtime, faces: np.ndarray) -> np.ndarray:
    """Return the class probabilities (K, 11, h, w) of any number of faces (K, 3, S, S) float32 in [0, 1]."""
    return run_graph(runtime, "segment", {"face": faces})["classes"]


def render(runtime: Runtime, parameters: Parameters) -> np.ndarray:
    """Render parameters with the imitator: (S, S, 3) uint8 RGB.

    Raises:
        InputError: the parameters are for another schema, or the artifact has no graph `render`.
    """
    check_schema(parameters, runtime.schema)
    return to_picture(run_graph(runtime, "render", {"parameters": parameters.values[None]})["image"][0])


def require_graph(runtime: Runtime, graph: str, purpose: str) -> None:
    """Raise unless a runtime has a graph.

    Args:
        runtime: of an artifact or a bundle.
        graph: the graph's name.
        purpose: what needs it, as the subject of the error message.

    Raises:
        InputError: there is no such graph.
    """
    if graph not in runtime.graphs:
        raise InputError(f"{purpose} needs the graph {graph!r}, but {runtime.why_no_graph(graph)}")
