"""Precision as a graph transformation: each graph's float32 ONNX becomes the ONNX that a target is compiled from."""

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

#: Gradients are measured on so many samples, spread over all of them.
GRADIENT_SAMPLES = 3


@dataclass(frozen=True)
class Int8Settings:
    """What 8 bits need besides the graphs.

    Args:
        scheme: what the compiler needs to see.
        rest: the precision of everything that does not compute in 8 bits.
        inputs: calibration inputs of each graph, by its name; graphs without any stay in `rest` as a whole.
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
) -> dict[str, Source]:
    """Return the ONNX of every graph in a precision.

    Args:
        graphs: what to export.
        samples: real inputs and PyTorch's outputs of each graph, by its name.
        precision: what the target stands for.
        progress: told each stage.
        schema: which parameters are controllers; floors are about those.
        int8: goes with the precision int8.
        from_modules: the target converts modules: sources hold an example of the inputs and no ONNX.

    Raises:
        CompilerError: a graph cannot be exported, ONNX Runtime's optimisation changes what it computes, or 8 bits are
            asked for without what they need.
    """
    if not from_modules and (precision == "int8") != (int8 is not None):
        raise CompilerError("the precision int8 needs a scheme and calibration inputs, others take none")
    sources = {}
    for graph in graphs:
        sample = samples[graph.name]
        inputs = int8.inputs.get(graph.name) if int8 else None
        own: Precision = "int8" if inputs is not None else int8.rest if int8 else precision
        if from_modules and own == "int8" and graph.lower is not None:
            own = "fp16"  # weights of a gradient stay as exact as the rest of it
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
            made = sources[graph.name]
            require_unharmed(graph, made.onnx, sample.first_batch(graph.batch), made.precision)
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
    """Return a graph in 8 bits, and in the rest's precision where no layer may."""
    half = int8.rest == "fp16"
    as_built = (lambda whole: rounded(_to_half(whole)[0])) if half else None
    made = int8_graph(graph, model, int8.scheme, inputs, sample, schema, progress, as_built)
    kept: tuple[str, ...] = ()
    if half:
        built, kept = _to_half(made.model)
    else:
        built, kept = made.model, made.report.kept
    quantised = layers_in_8_bits(built)
    twin = _to_half(model)[0] if half else model
    return Source(graph, built, "int8" if quantised else int8.rest, 1.0, kept, quantised, made.report, twin)


def _to_half(model: "ModelProto") -> tuple["ModelProto", tuple[str, ...]]:
    """Return a model in float16, and the names of the nodes that stayed float32."""
    kept = always_float32(model)
    return to_float16(model, kept), kept


def loss_scale(graph: ExportGraph, sample: Samples, progress: Progress) -> float:
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
