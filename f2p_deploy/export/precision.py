"""Precision as a graph transformation: each graph's float32 ONNX becomes the ONNX that a target is compiled from."""

from collections.abc import Mapping

from f2p_deploy.export.graphs import Graph
from f2p_deploy.export.onnx import to_onnx
from f2p_deploy.export.parity import Precision
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.targets.target import Progress, Source


def make_sources(
    graphs: tuple[Graph, ...], samples: Mapping[str, Samples], precision: Precision, progress: Progress
) -> dict[str, Source]:
    """Return the ONNX of every graph in a precision.

    Args:
        graphs: what to export.
        samples: real inputs and PyTorch's outputs of each graph, by its name.
        precision: what the target stands for.
        progress: told each stage.

    Raises:
        CompilerError: a graph cannot be exported.
    """
    sources = {}
    for graph in graphs:
        progress(f"{graph.name}: trace and simplify")
        sources[graph.name] = Source(graph, to_onnx(graph, samples[graph.name].first_batch(graph.batch)))
    return sources
