"""Precision as a graph transformation: each graph's float32 ONNX becomes the ONNX that a target is compiled from."""

import logging
from collections.abc import Mapping

import numpy as np

from f2p_deploy.character.schema import Schema
from f2p_deploy.errors import CompilerError
from f2p_deploy.export.float16_graph import half_graph
from f2p_deploy.export.graphs import Graph
from f2p_deploy.export.loss_scale import SMALLEST, SMALLEST_NORMAL, measure_gradients
from f2p_deploy.export.onnx import to_onnx
from f2p_deploy.export.parity import Precision
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.targets.target import Progress, Source
from f2p_deploy.gradient_step import Autograd, Step

logger = logging.getLogger(__name__)

#: Gradients are measured on so many samples, spread over all of them.
GRADIENT_SAMPLES = 3


def make_sources(
    graphs: tuple[Graph, ...],
    samples: Mapping[str, Samples],
    precision: Precision,
    progress: Progress,
    schema: Schema,
) -> dict[str, Source]:
    """Return the ONNX of every graph in a precision.

    Args:
        graphs: what to export.
        samples: real inputs and PyTorch's outputs of each graph, by its name.
        precision: what the target stands for.
        progress: told each stage.
        schema: which parameters are controllers; floors are about those.

    Raises:
        CompilerError: a graph cannot be exported, or there is no transformation to the precision.
    """
    if precision not in ("fp32", "fp16"):
        raise CompilerError(f"no transformation of a graph to {precision} yet, only to fp32 and fp16")
    sources = {}
    for graph in graphs:
        sample = samples[graph.name]
        scale = loss_scale(graph, sample, progress) if precision == "fp16" else 1.0
        progress(f"{graph.name}: trace and simplify")
        model = to_onnx(graph, sample.first_batch(graph.batch), scale)
        if precision == "fp32":
            sources[graph.name] = Source(graph, model)
            continue
        progress(f"{graph.name}: float16")
        half = half_graph(graph, model, sample, schema, progress)
        sources[graph.name] = Source(graph, half.model, scale, half.kept_float32)
    return sources


def loss_scale(graph: Graph, sample: Samples, progress: Progress) -> float:
    """Return the loss scale that a graph needs in float16: 1 where nothing takes a gradient."""
    step = graph.module
    if not isinstance(step, Step) or not isinstance(step.gradient_and_loss, Autograd):
        return 1.0
    progress(f"{graph.name}: magnitudes of the gradients")
    rows = np.unique(np.linspace(0, len(sample.names) - 1, GRADIENT_SAMPLES).astype(int))
    names = ("state", "identity", "content")
    found = measure_gradients(
        step.gradient_and_loss.loss, [{name: sample.inputs[name][row : row + 1] for name in names} for row in rows]
    )
    scale = found.scale()
    logger.info(
        "%s: gradients up to %.3g; of all, %.3g %% would be zero in float16 and %.3g %% subnormal; with the loss times "
        "2^%d it is %.3g %% and %.3g %%",
        graph.name,
        found.largest,
        100 * found.below(SMALLEST),
        100 * found.below(SMALLEST_NORMAL),
        np.log2(scale),
        100 * found.below(SMALLEST, scale),
        100 * found.below(SMALLEST_NORMAL, scale),
    )
    return scale
