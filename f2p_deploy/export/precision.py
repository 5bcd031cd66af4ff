"""Precision as a graph transformation: from each graph's float32 ONNX to the ONNX that a target compiles."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.artifact.onnx_file import layers_in_8_bits
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.character.schema import Schema
from f2p_deploy.export.calibration.inputs import CalibrationInputs
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.float16.convert_float16 import to_float16
from f2p_deploy.export.float16.float16_graph import half_graph
from f2p_deploy.export.float16.keep_float32 import always_float32
from f2p_deploy.export.int8.convert_int8 import Scheme
from f2p_deploy.export.int8.int8_graph import int8_graph
from f2p_deploy.export.onnx.convert_onnx import to_onnx
from f2p_deploy.export.onnx.optimisation import require_unharmed
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.source import Source
from f2p_deploy.model.gradient_step import Autograd, Step
from f2p_deploy.model.loss_scale import SMALLEST, SMALLEST_NORMAL, measure_gradients
from f2p_deploy.runtimes.onnxruntime.rounded import rounded
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from onnx import ModelProto

logger = logging.getLogger(__name__)

#: Number of samples, spread over all of them, on which gradients are measured.
GRADIENT_SAMPLES = 3


@dataclass(frozen=True)
class Int8Settings:
    """The settings of 8-bit graphs.

    Args:
        scheme: the compiler's requirements.
        rest: the precision of everything that does not compute in 8 bits.
        inputs: calibration inputs by the graph's name; graphs without any compute entirely in `rest`.
    """

    scheme: Scheme
    rest: Precision
    inputs: Mapping[str, CalibrationInputs]


def make_sources(
    graphs: tuple[ExportGraph, ...],
    samples: Mapping[str, Samples],
    precision: Precision,
    progress: Progress,
    schema: Schema,
    int8: Int8Settings | None = None,
    from_modules: bool = False,
    rest: Precision = "fp16",
) -> dict[str, Source]:
    """Return the source of every graph in a precision.

    Args:
        graphs: the graphs to export.
        samples: real inputs and PyTorch's outputs, by the graph's name.
        precision: the target's precision.
        progress: called with a description of each stage.
        schema: tells controllers from discrete groups; thresholds apply to controllers.
        int8: given if and only if the precision is int8.
        from_modules: the target converts PyTorch modules: sources hold an example of the inputs and no ONNX.
        rest: for such a target with rounded weights, the precision of gradients.

    Raises:
        CompilerError: a graph cannot be exported, ONNX Runtime's optimisation changes its results, or the precision is
            int8 and `int8` is missing.
    """
    if not from_modules and (precision == "int8") != (int8 is not None):
        raise CompilerError("the precision int8 needs a scheme and calibration inputs, others take none")
    sources = {}
    for graph in graphs:
        sample = samples[graph.name]
        inputs = int8.inputs.get(graph.name) if int8 else None
        own: Precision = "int8" if inputs is not None else int8.rest if int8 else precision
        if from_modules and own in ("int8", "int4") and graph.lower is not None:
            own = rest  # the weights of a gradient keep the precision of its arithmetic
        scale = loss_scale(graph, sample, progress) if own == "fp16" else 1.0
        if from_modules:
            options = (f"{group.name}.{option}" for group in schema.discrete_groups for option in group.options)
            names = (*(controller.name for controller in schema.controllers), *options)
            example = sample.first_batch(graph.batch)
            sources[graph.name] = Source(graph, None, own, scale, example=example, parameter_names=names)
            continue
        progress(f"{graph.name}: trace and simplify")
        model = to_onnx(graph, sample.first_batch(graph.batch), scale, norms_before=own != "int8")
        if own == "fp32":
            sources[graph.name] = Source(graph, model, own)
        elif own == "fp16":
            progress(f"{graph.name}: float16")
            half = half_graph(graph, model, sample, schema, progress)
            sources[graph.name] = Source(graph, half.model, own, scale, half.kept_float32)
        elif int8 is not None and inputs is not None:
            sources[graph.name] = _in_8_bits(graph, model, int8, inputs, sample, schema, progress)
        if own != "fp32":
            source = sources[graph.name]
            require_unharmed(graph, source.onnx, sample.first_batch(graph.batch), source.precision)
    return sources


def _in_8_bits(
    graph: ExportGraph,
    model: "ModelProto",
    int8: Int8Settings,
    inputs: CalibrationInputs,
    sample: Samples,
    schema: Schema,
    progress: Progress,
) -> Source:
    """Return a graph in 8 bits; in the precision of the rest if no layer may compute in 8 bits."""
    half = int8.rest == "fp16"
    as_built = (lambda whole: rounded(_to_half(whole)[0])) if half else None
    result = int8_graph(graph, model, int8.scheme, inputs, sample, schema, progress, as_built)
    if half:
        built, float32 = _to_half(result.model)
    else:
        built, float32 = result.model, result.report.kept
    quantised = layers_in_8_bits(built)
    twin = _to_half(model)[0] if half else model
    return Source(graph, built, "int8" if quantised else int8.rest, 1.0, float32, quantised, result.report, twin)


def _to_half(model: "ModelProto") -> tuple["ModelProto", tuple[str, ...]]:
    """Return a model in float16, and the names of the nodes that stayed float32."""
    names = always_float32(model)
    return to_float16(model, names), names


def loss_scale(graph: ExportGraph, sample: Samples, progress: Progress) -> float:
    """Return the loss scale that a graph needs in float16; 1 for a graph without a gradient."""
    step = graph.module
    if not isinstance(step, Step) or not isinstance(step.gradient_and_loss, Autograd):
        return 1.0
    progress(f"{graph.name}: magnitudes of the gradients")
    rows = np.unique(np.linspace(0, len(sample.names) - 1, GRADIENT_SAMPLES).astype(int))
    names = ("state", "identity", "content")
    gradients = measure_gradients(
        step.gradient_and_loss.loss, [{name: sample.inputs[name][row : row + 1] for name in names} for row in rows]
    )
    scale = gradients.scale()
    logger.info(
        "%s: gradients up to %.3g; in float16, %.3g %% of them would be zero and %.3g %% subnormal; with a loss scale "
        "of 2^%d, %.3g %% and %.3g %%",
        graph.name,
        gradients.largest,
        100 * gradients.below(SMALLEST),
        100 * gradients.below(SMALLEST_NORMAL),
        np.log2(scale),
        100 * gradients.below(SMALLEST, scale),
        100 * gradients.below(SMALLEST_NORMAL, scale),
    )
    return scale
