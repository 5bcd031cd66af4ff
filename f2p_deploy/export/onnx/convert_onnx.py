"""Convert a graph to ONNX: trace, check, simplify, and verify that simplifying did not change the results."""

import logging
from typing import TYPE_CHECKING

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.gradient.lower_gradient import require_closed
from f2p_deploy.export.onnx.checked_folding import folded_and_proven
from f2p_deploy.export.onnx.long_means import in_two_steps
from f2p_deploy.export.onnx.optimisation import computed_as_written, require_same, require_unharmed
from f2p_deploy.export.onnx.padded_pools import keep_padding
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.quiet import quiet

if TYPE_CHECKING:
    import onnx_ir as ir
    from onnx import ModelProto

logger = logging.getLogger(__name__)

#: The operator set that PyTorch's exporter writes without conversion; every runtime since 2023 reads it.
OPSET = 18


def to_onnx(graph: ExportGraph, inputs: Arrays, loss_scale: float = 1.0, norms_before: bool = True) -> "ModelProto":
    """Export a graph.

    Batch norms are folded into adjacent layers, long means are split into two steps, paddings are protected from being
    fused into max pools, and weights are part of the model.

    Args:
        graph: the graph to export.
        inputs: one real batch, by tensor name; the simplified model must compute the same results on it.
        loss_scale: see `ExportGraph.exported`.
        norms_before: see `folded`; the exporter folds some of the remaining batch norms.

    Returns:
        A checked model of opset `OPSET` with static shapes and the tensor names of `graph`.

    Raises:
        CompilerError: PyTorch's exporter, the checker or the simplifier failed; simplifying or ONNX Runtime's graph
            optimisation changed the results; or a lowered graph contains an operator outside `OPERATORS`.
    """
    import onnx
    import onnxsim

    traced = _trace(graph, inputs, loss_scale, norms_before)
    try:
        onnx.checker.check_model(traced, full_check=True)
        simplified, proven = onnxsim.simplify(traced)
        onnx.checker.check_model(simplified, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError) as error:
        raise CompilerError(f"the ONNX of {graph.name} is not valid; {SAID}") from error
    if not proven:
        raise CompilerError(f"onnxsim could not prove that the simplified {graph.name} computes the same")
    _require_unchanged(graph, traced, simplified, inputs)
    _require_folded(graph, simplified)
    if graph.lower is not None:
        require_closed(simplified, graph.name)
    _forget_where_it_was_built(simplified)
    written = in_two_steps(keep_padding(simplified))
    require_unharmed(graph, written, inputs, "fp32")
    return written


def _trace(graph: ExportGraph, inputs: Arrays, loss_scale: float, norms_before: bool) -> "ModelProto":
    import torch

    module = graph.exported(loss_scale) if graph.lower is not None else folded_and_proven(graph, inputs, norms_before)
    with quiet("torch.onnx", streams=False):
        try:
            program = torch.onnx.export(
                module,
                tuple(torch.from_numpy(inputs[spec.name]) for spec in graph.inputs),
                dynamo=True,
                opset_version=OPSET,
                input_names=[spec.name for spec in graph.inputs],
                output_names=[spec.name for spec in graph.outputs],
                verbose=False,
                optimize=graph.lower is None,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise CompilerError(f"PyTorch {torch.__version__} cannot export {graph.name} to ONNX; {SAID}") from error
    if program is None:
        raise CompilerError(f"PyTorch {torch.__version__} exported nothing for {graph.name}")
    if graph.lower is not None:
        _fold_constants(program.model)
    return program.model_proto


def _fold_constants(model: "ir.Model") -> None:
    """Do what the exporter's optimisation does, without its rules for rewriting.

    They find nothing in a lowered gradient, and trying them on its thousand nodes takes a quarter of an export's time.
    """
    import onnx_ir as ir
    from onnx_ir.passes import common
    from onnxscript.optimizer import fold_constants

    common.InlinePass()(model)
    fold_constants(model)
    ir.passes.Sequential(
        common.RemoveUnusedNodesPass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.DeduplicateInitializersPass(),
        common.CommonSubexpressionEliminationPass(),
        common.OutputFixPass(),
        common.NameFixPass(),
    )(model)


def _require_unchanged(graph: ExportGraph, traced: "ModelProto", simplified: "ModelProto", inputs: Arrays) -> None:
    """Raise unless both models compute the same on a real batch, without graph optimisation."""
    before, after = (computed_as_written(graph, model, inputs) for model in (traced, simplified))
    require_same(graph.name, before, after, "simplifying changed")


def _require_folded(graph: ExportGraph, model: "ModelProto") -> None:
    """Raise if a batch norm directly follows a layer into which it could have been folded."""
    producers = {output: node.op_type for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        before = producers.get(node.input[0], "") if node.op_type == "BatchNormalization" else ""
        if before in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            raise CompilerError(f"a batch norm of {graph.name} was not folded into the {before} before it: {node.name}")


def _forget_where_it_was_built(model: "ModelProto") -> None:
    """Remove the source lines and paths of this machine, which the exporter writes into every node."""
    parts = (model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info)
    for part in (*parts, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
