"""Quantise a graph: choose ranges by their error, measure every layer, and keep expensive layers float."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, Parity
from f2p_deploy.artifact.parity import compare, share_of_floor
from f2p_deploy.character.schema import Schema
from f2p_deploy.export.calibration.histograms import observe
from f2p_deploy.export.calibration.inputs import CalibrationInputs
from f2p_deploy.export.calibration.ranges import METHODS, Range, range_of
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.int8.convert_int8 import Int8Layer, Scheme, layers_of, to_int8, values_of
from f2p_deploy.export.int8.int8_report import CurvePoint, GraphReport, LayerCost
from f2p_deploy.export.int8.layer_times import layer_times
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.timing import medians
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from onnx import ModelProto

logger = logging.getLogger(__name__)

#: Number of held-out inputs on which the cost of a single layer is measured.
JUDGED_A_LAYER = 8

#: Bytes that a weight saves in 8 bits, compared with float32.
SAVED_BYTES = 3


#: A function that rewrites a quantised float32 model so that ONNX Runtime rounds the way the target's compiler will.
AsBuilt = Callable[["ModelProto"], "ModelProto"]


@dataclass(frozen=True)
class Int8Graph:
    """A graph in which as many layers compute in 8 bits as its thresholds allow.

    Args:
        model: float32 ONNX with explicit quantisation; the unchanged model if no layer may compute in 8 bits.
        report: the measurements behind the choice.
    """

    model: "ModelProto"
    report: GraphReport


def int8_graph(
    graph: ExportGraph,
    model: "ModelProto",
    scheme: Scheme,
    inputs: CalibrationInputs,
    samples: Samples,
    schema: Schema,
    progress: Progress,
    as_built: AsBuilt | None = None,
) -> Int8Graph:
    """Return a graph in 8 bits that meets the thresholds of int8, if possible.

    Args:
        graph: names and batch size.
        model: its float32 ONNX.
        scheme: the compiler's requirements.
        inputs: the inputs from which ranges are calibrated, and held-out ones on which choices are compared.
        samples: real inputs and PyTorch's outputs, on which the thresholds must be met.
        schema: tells controllers from discrete groups.
        progress: called with a description of each stage.
        as_built: rewrites a quantised float32 model so that ONNX Runtime rounds the way the target's compiler will;
            None if ONNX Runtime itself runs the model, so that its times are worth measuring.
    """
    layers = layers_of(model, scheme)
    judge = _Judge(graph, model, scheme, inputs.judged, samples, schema, as_built)
    values = values_of(model, layers, scheme)
    progress(f"{graph.name}: ranges of {len(values)} values on {inputs.count} inputs")
    histograms = observe(model, values, in_batches(inputs.measured, graph.batch))
    ranges = {method: {value: range_of(counts, method) for value, counts in histograms.items()} for method in METHODS}
    errors = {method: judge.look(layers, ranges[method])[0] for method in METHODS}
    best = min(errors, key=lambda method: errors[method])
    judge.ranges = ranges[best]
    progress(f"{graph.name}: {best} ranges, mean error {errors[best]:.3g}; measuring each of {len(layers)} layers")
    quantised = to_int8(model, layers, judge.ranges, scheme)
    times = layer_times(model, quantised, layers) if as_built is None else {}
    costs = tuple(_cost(judge, layer, times.get(layer.name, (None, None))) for layer in layers)
    order = dearest_first(layers, costs)
    curve: dict[int, CurvePoint] = {}

    def without(number: int) -> tuple[Int8Layer, ...]:
        return tuple(layer for layer in layers if layer not in order[:number])

    def holds(number: int) -> bool:
        progress(f"{graph.name}: {len(layers) - number} of {len(layers)} layers in 8 bits")
        curve[number] = judge.point(without(number))
        return curve[number].share <= 1.0

    chosen = without(_fewest(len(layers), holds))
    curve[len(layers)] = judge.point(())
    report = GraphReport(
        graph=graph.name,
        method=best,
        errors=errors,
        measured=inputs.count,
        judged=len(judge.judged.names),
        layers=costs,
        quantised=tuple(layer.name for layer in chosen),
        curve=tuple(curve[key] for key in sorted(curve)),
    )
    logger.info("%s", report.sentence())
    return Int8Graph(to_int8(model, chosen, judge.ranges, scheme) if chosen else model, report)


def _fewest(layers: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest number of most expensive layers that must stay float; all if no smaller number is enough.

    First tries 0 to 3 and numbers that grow by half up to all layers, so that the report has the whole curve, then
    bisects between the last number that is not enough and the first that is.
    """
    numbers = sorted({*range(min(4, layers)), *(int(4 * 1.5**i) for i in range(20)), layers})
    results = {number: holds(number) for number in numbers if number < layers}
    enough = next((number for number in sorted(results) if results[number]), layers)
    short = max((number for number in results if number < enough), default=-1)
    while enough - short > 1:
        middle = (short + enough) // 2
        if holds(middle):
            enough = middle
        else:
            short = middle
    return enough


def dearest_first(layers: Sequence[Int8Layer], costs: Sequence[LayerCost]) -> list[Int8Layer]:
    """Return layers in the order in which they stay float: the highest ratio error / saving comes first.

    The saving is the layer's share of all weights plus its share of all multiplications. It is counted, not timed, so
    that the same bundle and faces give the same graph on every machine.
    """
    weights = sum(layer.weights for layer in layers)
    multiplications = sum(layer.multiplications for layer in layers)

    def price(pair: tuple[Int8Layer, LayerCost]) -> float:
        layer, cost = pair
        return -cost.error / (layer.weights / weights + layer.multiplications / multiplications)

    return [layer for layer, _ in sorted(zip(layers, costs, strict=True), key=price)]


def in_batches(inputs: Arrays, batch: int) -> list[Arrays]:
    """Split inputs of K rows into batches; the last one is padded with its last row."""
    parts: list[Arrays] = []

    def collect(part: dict[str, np.ndarray]) -> Arrays:
        parts.append(part)
        return part

    run_in_batches(collect, inputs, batch)
    return parts


def _cost(judge: "_Judge", layer: Int8Layer, times: tuple[float | None, float | None]) -> LayerCost:
    error, records = judge.look((layer,), judge.ranges, JUDGED_A_LAYER)
    return LayerCost(
        name=layer.name,
        kind=layer.kind,
        weights=layer.weights,
        multiplications=layer.multiplications,
        error=error,
        share=_worst(records),
        measures=_measures(records),
        saved_bytes=SAVED_BYTES * layer.weights,
        float_ms=times[0],
        int8_ms=times[1],
    )


def _measures(records: Sequence[Parity]) -> dict[str, float]:
    return {f"{record.output}: {record.metric}": record.value for record in records}


def _worst(records: Sequence[Parity]) -> float:
    return max((share_of_floor(record) for record in records), default=0.0)


class _Judge:
    """Builds a choice of layers, and measures it on the held-out calibration inputs or on the export's samples."""

    def __init__(
        self,
        graph: ExportGraph,
        model: "ModelProto",
        scheme: Scheme,
        judged: Arrays,
        samples: Samples,
        schema: Schema,
        as_built: AsBuilt | None,
    ) -> None:
        self.graph, self.model, self.scheme, self.schema, self.as_built = graph, model, scheme, schema, as_built
        self.samples = samples
        self.ranges: Mapping[str, Range] = {}
        self.outputs = [spec.name for spec in graph.outputs]
        reference = self._run(open_session(model.SerializeToString()), judged)
        names = tuple(f"calibration face {row}" for row in range(len(next(iter(judged.values())))))
        self.judged = Samples(names, judged, reference)

    def look(
        self, layers: Sequence[Int8Layer], ranges: Mapping[str, Range], count: int | None = None
    ) -> tuple[float, tuple[Parity, ...]]:
        """Measure a choice of layers on the first `count` held-out inputs, or on all.

        Returns:
            The mean error (of controllers for `one_shot`, else of all outputs relative to their mean magnitude), and
            the parity records.
        """
        judged = self.judged if count is None else self.judged.first(count)
        outputs = self._run(self._session(layers, ranges), judged.inputs)
        errors = []
        for name, expected in judged.reference.items():
            difference = np.abs(expected - outputs[name])
            if self.graph.name == "one_shot":
                errors.append(difference[:, : self.schema.n_c].mean())
            else:
                errors.append(difference.mean() / np.abs(expected).mean())
        return float(np.mean(errors)), self._compare(outputs, judged)

    def point(self, layers: Sequence[Int8Layer]) -> CurvePoint:
        """Measure a choice of layers on the export's samples."""
        session = self._session(layers, self.ranges)
        worst = self._compare(self._run(session, self.samples.inputs), self.samples)
        ms, restless = None, False
        if self.as_built is None:
            first = in_batches(self.judged.first(1).inputs, self.graph.batch)[0]
            (median,) = medians([partial(session.run, self.outputs, dict(first))])
            ms, restless = median.ms, median.restless
        names = {layer.name for layer in layers}
        every = layers_of(self.model, self.scheme)
        size = sum(layer.weights * (1 if layer.name in names else 1 + SAVED_BYTES) for layer in every)
        return CurvePoint(len(layers), _worst(worst), _measures(worst), size, ms, restless)

    def _session(self, layers: Sequence[Int8Layer], ranges: Mapping[str, Range]) -> Any:
        model = to_int8(self.model, layers, ranges, self.scheme) if layers else self.model
        return open_session((self.as_built or (lambda whole: whole))(model).SerializeToString())

    def _run(self, session: Any, inputs: Arrays) -> dict[str, np.ndarray]:
        def compute(batch: Arrays) -> Arrays:
            return dict(zip(self.outputs, session.run(self.outputs, dict(batch)), strict=True))

        return run_in_batches(compute, inputs, self.graph.batch)

    def _compare(self, outputs: Arrays, samples: Samples) -> tuple[Parity, ...]:
        return compare(self.graph.name, samples.reference, outputs, samples.names, "int8", self.schema, samples.inputs)
