"""Convert a graph to float16: some nodes stay float32 by rule, and more if real samples miss a threshold."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Parity
from f2p_deploy.artifact.parity import compare
from f2p_deploy.character.schema import Schema
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.float16.bisection import needed_nodes
from f2p_deploy.export.float16.convert_float16 import to_float16
from f2p_deploy.export.float16.keep_float32 import always_float32, computing_nodes
from f2p_deploy.export.samples import Samples
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.runtimes.onnxruntime.rounded import rounded
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from onnx import ModelProto

logger = logging.getLogger(__name__)

#: Largest number of measurements in a search.
TRIES = 24

#: Number of samples on which a search measures: the worst ones of the metrics that miss their threshold.
SEARCHED_SAMPLES = 3


@dataclass(frozen=True)
class HalfGraph:
    """A graph in float16.

    Args:
        model: the ONNX.
        kept_float32: names of all nodes that stayed float32.
        proposed: those of them that were found by the search, not kept by a rule.
    """

    model: "ModelProto"
    kept_float32: tuple[str, ...]
    proposed: tuple[str, ...]


def half_graph(
    graph: ExportGraph, model: "ModelProto", samples: Samples, schema: Schema, progress: Progress
) -> HalfGraph:
    """Return a graph in float16 that meets the thresholds of float16 on the samples, if possible.

    Measures the model from `rounded`, which rounds every value to half precision even where a CPU kernel would not.

    Args:
        graph: names and batch size.
        model: its float32 ONNX.
        samples: real inputs and PyTorch's outputs.
        schema: tells controllers from discrete groups.
        progress: called if a threshold is missed, and with the result of the search.

    Returns:
        The graph. `proposed` is empty if the thresholds are met without a search, or if no choice meets them; in the
        latter case the parity of the built file reports the miss.
    """
    search = _Search(graph, model, samples, schema)
    missed = search.missed(())
    if not missed:
        return search.result(())
    worst = missed[0]
    progress(f"{graph.name}: float16 misses a floor ({worst.metric} {worst.value:.4g}), searching for nodes to keep")
    rows = sorted({samples.names.index(record.worst) for record in missed})[:SEARCHED_SAMPLES]
    candidates = computing_nodes(model, always_float32(model))
    proposed = needed_nodes(candidates, partial(search.keeps, rows), TRIES)
    if not proposed or search.missed(proposed):
        progress(f"{graph.name}: no choice of float32 nodes meets the floor")
        return search.result(())
    progress(f"{graph.name}: {len(proposed)} of {len(candidates)} nodes stay float32: {listed_names(proposed)}")
    return search.result(proposed)


def listed_names(names: Sequence[str]) -> str:
    """Return names as text, shortened if there are many."""
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])}, ... {names[-1]}"


class _Search:
    def __init__(self, graph: ExportGraph, model: "ModelProto", samples: Samples, schema: Schema) -> None:
        self.graph, self.model, self.samples, self.schema = graph, model, samples, schema

    def result(self, proposed: tuple[str, ...]) -> HalfGraph:
        names = always_float32(self.model, proposed)
        return HalfGraph(to_float16(self.model, names), names, proposed)

    def keeps(self, rows: Sequence[int], proposed: tuple[str, ...]) -> bool:
        return not self.missed(proposed, rows)

    def missed(self, proposed: tuple[str, ...], rows: Sequence[int] | None = None) -> tuple[Parity, ...]:
        """Return the records that miss their threshold if these nodes stay float32, on some or all of the samples."""
        chosen = list(range(len(self.samples.names))) if rows is None else list(rows)
        records = measure(self.graph, rounded(self.result(proposed).model), _only(self.samples, chosen), self.schema)
        logger.debug("%s with %d more nodes in float32: %s", self.graph.name, len(proposed), records)
        return tuple(record for record in records if not record.passed)


def measure(graph: ExportGraph, model: "ModelProto", samples: Samples, schema: Schema) -> tuple[Parity, ...]:
    """Run a model of a graph on samples with ONNX Runtime; return its records for the thresholds of float16."""
    session = open_session(model.SerializeToString())
    names = [output.name for output in graph.outputs]

    def compute(inputs: dict[str, np.ndarray]) -> Arrays:
        return dict(zip(names, session.run(names, inputs), strict=True))

    outputs = run_in_batches(compute, samples.inputs, graph.batch, samples.shared)
    return compare(graph.name, samples.reference, outputs, samples.names, "fp16", schema, samples.inputs)


def _only(samples: Samples, rows: list[int]) -> Samples:
    inputs = {name: value if name in samples.shared else value[rows] for name, value in samples.inputs.items()}
    reference = {name: value[rows] for name, value in samples.reference.items()}
    return Samples(tuple(samples.names[row] for row in rows), inputs, reference, samples.shared)
