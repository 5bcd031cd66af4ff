"""One graph on its way to a target."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f2p_deploy.artifact.artifact import Arrays, GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto

    from f2p_deploy.export.export_graphs import ExportGraph
    from f2p_deploy.export.int8.int8_report import GraphReport


@dataclass(frozen=True)
class Source:
    """One graph on its way to a target.

    Args:
        graph: names, shapes and the PyTorch module.
        model: its ONNX, in that precision; None for targets that convert the module itself.
        precision: what it computes in; the target's, but for a graph that stays float beside others in 8 bits.
        loss_scale: see `ExportGraph.exported`; it is in the model already.
        kept_float32: names of the model's nodes that stayed float32.
        quantised: names of the model's layers that compute in 8 bits.
        report: how it came to its 8 bits.
        twin: the same graph without them, in the precision of the rest.
        example: one real batch of its inputs, by tensor name.
        parameter_names: of the schema, in its order.
    """

    graph: "ExportGraph"
    model: "ModelProto | None"
    precision: Precision
    loss_scale: float = 1.0
    kept_float32: tuple[str, ...] = ()
    quantised: tuple[str, ...] = ()
    report: "GraphReport | None" = None
    twin: "ModelProto | None" = None
    example: Arrays = field(default_factory=dict)
    parameter_names: tuple[str, ...] = ()

    def asked(self, precision: Precision, rest: Precision) -> Precision:
        """Return what this graph should hold in a target's file: its own precision if the target has it.

        Args:
            precision: the target's.
            rest: what graphs beside 8 bits may be in.
        """
        return self.precision if self.precision in (precision, rest) else precision

    @property
    def onnx(self) -> "ModelProto":
        """Its ONNX, where it has one."""
        if self.model is None:
            raise CompilerError(f"{self.graph.name} was not made into ONNX")
        return self.model

    def entry(self, file: str, found: str, source: str = "", kept: tuple[str, ...] | None = None) -> GraphEntry:
        """Return the manifest's entry of this graph; see `GraphEntry`.

        Args:
            file, found, source: where it lies, what it holds, and what it was compiled from.
            kept: what stayed float32, where only the finished file says.
        """
        return GraphEntry(
            file=file,
            inputs=self.graph.inputs,
            outputs=self.graph.outputs,
            precision_asked=self.precision,
            precision_found=found,
            shared=self.graph.shared,
            source=source,
            loss_scale=self.loss_scale,
            kept_float32=self.kept_float32 if kept is None else kept,
        )
