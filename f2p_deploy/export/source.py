"""The source of a target's file: a graph's ONNX or module in a precision, and the facts for its manifest entry."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f2p_deploy.artifact.artifact import Arrays, GraphEntry
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto

    from f2p_deploy.export.export_graphs import ExportGraph
    from f2p_deploy.export.int8.int8_report import GraphReport
    from f2p_deploy.export.palette.rounded_layers import RoundedLayer
    from f2p_deploy.export.samples import Samples


@dataclass(frozen=True)
class Trial:
    """What the bits of a graph's weights are chosen on.

    Args:
        samples: inputs and PyTorch's outputs of the graph for calibration faces.
        schema: of the parameters.
    """

    samples: "Samples"
    schema: Schema


@dataclass(frozen=True)
class Source:
    """One graph, ready to be built for a target.

    Args:
        graph: names, shapes and the PyTorch module.
        model: its ONNX in that precision; None for targets that convert the module itself.
        precision: the precision of the computation: the target's, except for a graph that stays float beside others in
            8 bits.
        loss_scale: see `ExportGraph.exported`; the model already contains it.
        kept_float32: names of the model's nodes that stayed float32.
        quantised: names of the model's layers that compute in 8 bits.
        report: the report on its quantisation; None for a float graph.
        twin: the same graph without quantisation, in the precision of the rest; None for a float graph.
        example: one real batch of its inputs, by tensor name; only for targets that convert modules.
        parameter_names: of the schema, in its order; only for targets that convert modules.
        layers: its weights of few bits; only for targets that convert modules to such weights.
        trial: what bits are chosen on; only for targets that convert modules and choose bits.
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
    layers: "tuple[RoundedLayer, ...]" = ()
    trial: Trial | None = None

    def asked(self, precision: Precision, rest: Precision) -> Precision:
        """Return the precision that this graph should have in a target's file: its own, if the target allows it.

        Args:
            precision: the target's precision.
            rest: the precision of graphs that stay float beside others in 8 bits.
        """
        return self.precision if self.precision in (precision, rest) else precision

    @property
    def onnx(self) -> "ModelProto":
        """The ONNX of the graph.

        Raises:
            CompilerError: the target converts modules, so there is none.
        """
        if self.model is None:
            raise CompilerError(f"{self.graph.name} was not exported to ONNX")
        return self.model

    def entry(self, file: str, found: str, source: str = "", kept: tuple[str, ...] | None = None) -> GraphEntry:
        """Return the manifest's entry of this graph; see `GraphEntry`.

        Args:
            file: the built file.
            found: the precision read back from it.
            source: the ONNX file that it was compiled from; empty if there is none.
            kept: names of nodes that stayed float32, read back from the built file; None for `kept_float32`.
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
