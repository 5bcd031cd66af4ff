"""Convert a graph to a Core ML package: traced by PyTorch, converted by coremltools, reproducible on any machine."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from f2p_deploy import __version__
from f2p_deploy.artifact.artifact import Arrays, TensorSpec
from f2p_deploy.artifact.coreml_file import make_reproducible
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.coreml.coreml_operators import taught
from f2p_deploy.export.coreml.coreml_palettes import in_few_bits
from f2p_deploy.export.coreml.coreml_weights import Weights, in_8_bits
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.float16.keep_float32 import FEW_WEIGHTS, MANY_NUMBERS
from f2p_deploy.export.onnx.checked_folding import folded_and_proven
from f2p_deploy.export.palette.rounded_layers import RoundedLayer
from f2p_deploy.runtimes.coreml.coreml_runtime import is_picture, swift_name
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.quiet import quiet

#: The default of `_save`: no further metadata.
NOTHING: Mapping[str, str] = MappingProxyType({})


def to_coreml(
    graph: ExportGraph,
    example: Arrays,
    path: Path,
    precision: Precision,
    ios: str,
    loss_scale: float,
    facts: Mapping[str, str],
    layers: Sequence[RoundedLayer] = (),
) -> tuple[Weights, ...]:
    """Write a graph as an `.mlpackage`.

    Inputs and outputs are float32 and have Swift names. A single face is an image, whose 8-bit values the program
    itself multiplies by 1/255.

    Args:
        graph: the graph to convert.
        example: one real batch, by tensor name, to trace with.
        path: the package to write; it must not exist.
        precision: fp32, fp16, int8 or int4. Below fp32, `computes_in_half` decides what stays float32. With int8, the
            weights of float16 layers are 8-bit, in the form with the smallest error, see `in_8_bits`; with int4 they
            are `layers`, see `in_few_bits`.
        ios: the oldest release of iOS that it should run on.
        loss_scale: see `ExportGraph.exported`.
        facts: further metadata to write into the package.
        layers: rounded weights, for int4.

    Returns:
        The forms of 8-bit weights that were tried, the chosen one first; empty for other precisions.

    Raises:
        CompilerError: PyTorch cannot trace the graph, or coremltools cannot convert it.
    """
    with quiet("coremltools"):
        import coremltools

    # Folded exactly as in `step`, so that several graphs in one package can share their weights.
    if graph.lower is not None:
        module = graph.exported(loss_scale)
    else:
        module = folded_and_proven(graph, example, norms_before=precision != "int8")
    compute: Any = coremltools.precision.FLOAT32
    if precision != "fp32":
        compute = coremltools.transform.FP16ComputePrecision(op_selector=computes_in_half)
    with quiet("coremltools"), taught():
        try:
            with torch.no_grad():
                tensors = tuple(torch.from_numpy(example[spec.name]) for spec in graph.inputs)
                traced = torch.jit.trace(module, tensors, check_trace=False)
            model = coremltools.convert(
                traced,
                inputs=[_input(spec) for spec in graph.inputs],
                outputs=[coremltools.TensorType(name=swift_name(s.name), dtype=np.float32) for s in graph.outputs],
                minimum_deployment_target=getattr(coremltools.target, f"iOS{ios}"),
                compute_precision=compute,
                skip_model_load=True,
            )
            if precision == "int4":
                model = in_few_bits(model, layers)
            if precision == "int8":
                return in_8_bits(model, graph, example, path, partial(_save, graph=graph, facts=facts))
            _save(model, path, graph=graph, facts=facts)
        except (RuntimeError, ValueError, NotImplementedError, TypeError) as error:
            raise CompilerError(f"coremltools {coremltools.__version__} cannot convert {graph.name}; {SAID}") from error
    return ()


def _save(
    model: Any, path: Path, more: Mapping[str, str] = NOTHING, *, graph: ExportGraph, facts: Mapping[str, str]
) -> None:
    """Write a model with its metadata, and make the package reproducible."""
    _describe(model, graph, {**facts, **more})
    model.save(str(path))
    make_reproducible(path)


def _input(spec: TensorSpec) -> Any:
    import coremltools

    name = swift_name(spec.name)
    if is_picture(spec):
        layout = coremltools.colorlayout.RGB
        return coremltools.ImageType(name=name, shape=spec.shape, scale=1 / 255, color_layout=layout)
    return coremltools.TensorType(name=name, shape=spec.shape, dtype=np.float32)


def _describe(model: Any, graph: ExportGraph, facts: Mapping[str, str]) -> None:
    """Add descriptions for people and for Xcode to a model."""
    model.author = "f2p-deploy"
    model.license = "as the bundle it was made from"
    model.version = __version__
    model.short_description = f"{graph.name}: {_names(graph.inputs)} to {_names(graph.outputs)}"
    for specs, described in ((graph.inputs, model.input_description), (graph.outputs, model.output_description)):
        for spec in specs:
            described[swift_name(spec.name)] = spec.meaning
    for name, value in facts.items():
        model.user_defined_metadata[name] = value


def _names(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(swift_name(spec.name) for spec in specs)


def computes_in_half(operation: Any) -> bool:
    """Return whether an operator of a program computes in float16.

    The rules are those of `keep_float32`: vectors and their products with few weights, reductions of many numbers, and
    arithmetic on the inputs stay float32.

    Args:
        operation: an operation of coremltools' MIL, before any cast is inserted.
    """
    read = [value for name in operation.inputs for value in _listed(operation.inputs[name]) if value is not None]
    numbers = [value for value in read if value.op is None or value.op.op_type != "const"]
    ranks = [len(value.shape) for value in (*numbers, *operation.outputs) if value.shape is not None]
    if operation.op_type == "linear":
        return int(np.prod(operation.inputs["weight"].shape)) >= FEW_WEIGHTS
    if all(rank <= 2 for rank in ranks):
        return False
    if operation.op_type.startswith("reduce_"):
        shrinks = np.prod(operation.inputs["x"].shape) // max(1, np.prod(operation.outputs[0].shape))
        if shrinks >= MANY_NUMBERS:
            return False
    return all(value.op is not None for value in numbers)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
