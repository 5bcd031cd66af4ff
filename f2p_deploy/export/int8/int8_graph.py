"""One graph in 8 bits: ranges chosen by their error, every layer's cost measured, and no layer that costs a floor."""

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

#: So many of the judged inputs are run for each single layer.
JUDGED_A_LAYER = 8

#: Bytes that a weight takes less in 8 bits than in float32.
SAVED_BYTES = 3


#: Makes of a quantised float32 model what ONNX Runtime computes as some compiler's product will.
AsBuilt = Callable[["ModelProto"], "ModelProto"]


@dataclass(frozen=True)
class Int8Graph:
    """A graph in which as many layers compute in 8 bits as its floors allow.

    Args:
        model: float32 ONNX with explicit quantisation; the given model if no layer may.
        report: how it came about.
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
    """Return a graph in 8 bits that keeps the floors of int8, if one can.

    Args:
        graph: names and batch.
        model: its float32 ONNX.
        scheme: what the compiler needs.
        inputs: what ranges are taken from, and what choices are judged on.
        samples: real inputs and PyTorch's outputs that the floors must hold on.
        schema: which parameters are controllers.
        progress: told each stage.
        as_built: makes of a quantised float32 model what ONNX Runtime computes as the compiler's product will; None if
            ONNX Runtime runs the model itself, so that its times mean something.
    """
    layers = layers_of(model, scheme)
    judge = _Judge(graph, model, scheme, inputs.judged, samples, schema, as_built)
    values = values_of(model, layers, scheme)
    progress(f"{graph.name}: ranges of {len(values)} values on {inputs.count} inputs")
    histograms = observe(model, values, in_batches(inputs.measured, graph.batch))
    ranges = {method: {value: range_of(found, method) for value, found in histograms.items()} for method in METHODS}
    errors = {method: judge.look(layers, ranges[method])[0] for method in METHODS}
    best = min(errors, key=lambda method: errors[method])
    judge.ranges = ranges[best]
    progress(f"{graph.name}: {best} ranges, mean error {errors[best]:.3g}; what each of {len(layers)} layers costs")
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
    """Return how few of the most expensive layers must stay float; all of them if nothing less is enough.

    Asked are numbers that grow by half, all of them, so that the whole curve is known, and between the last that is not
    enough and the first that is.
    """
    asked = sorted({*range(min(4, layers)), *(int(4 * 1.5**i) for i in range(20)), layers})
    found = {number: holds(number) for number in asked if number < layers}
    enough = next((number for number in sorted(found) if found[number]), layers)
    short = max((number for number in found if number < enough), default=-1)
    while enough - short > 1:
        middle = (short + enough) // 2
        if holds(middle):
            enough = middle
        else:
            short = middle
    return enough


def dearest_first(layers: Sequence[Int8Layer], costs: Sequence[LayerCost]) -> list[Int8Layer]:
    """Return layers in the order in which they stay float: most error for what 8 bits save first.

    What they save is their share of all weights and of all multiplications: counted, not timed, so that the same bundle
    and faces make the same graph on every machine.
    """
    weights = sum(layer.weights for layer in layers)
    multiplications = sum(layer.multiplications for layer in layers)

    def price(pair: tuple[Int8Layer, LayerCost]) -> float:
        layer, cost = pair
        return -cost.error / (layer.weights / weights + layer.multiplications / multiplications)

    return [layer for layer, _ in sorted(zip(layers, costs, strict=True), key=price)]


def in_batches(inputs: Arrays, batch: int) -> list[Arrays]:
    """Cut inputs of K rows into batches; the last one is filled up with its last row."""
    parts: list[Arrays] = []

    def collect(given: dict[str, np.ndarray]) -> Arrays:
        parts.append(given)
        return given

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
    """Builds a choice of layers and measures it on the inputs that no range comes from, or on the export's samples."""

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
        """Measure a choice of layers on the first judged inputs, all if no number is given.

        Returns:
            The mean error, of controllers or of all outputs relative to their mean magnitude; and the records.
        """
        judged = self.judged if count is None else self.judged.first(count)
        found = self._run(self._session(layers, ranges), judged.inputs)
        errors = []
        for name, expected in judged.reference.items():
            difference = np.abs(expected - found[name])
            if self.graph.name == "one_shot":
                errors.append(difference[:, : self.schema.n_c].mean())
            else:
                errors.append(difference.mean() / np.abs(expected).mean())
        return float(np.mean(errors)), self._compare(found, judged)

    def point(self, layers: Sequence[Int8Layer]) -> CurvePoint:
        """Measure a choice of layers on the export's samples."""
        session = self._session(layers, self.ranges)
        worst = self._compare(self._run(session, self.samples.inputs), self.samples)
        ms, restless = None, False
        if self.as_built is None:
            first = in_batches(self.judged.first(1).inputs, self.graph.batch)[0]
            (found,) = medians([partial(session.run, self.outputs, dict(first))])
            ms, restless = found.ms, found.restless
        names = {layer.name for layer in layers}
        every = layers_of(self.model, self.scheme)
        held = sum(layer.weights * (1 if layer.name in names else 1 + SAVED_BYTES) for layer in every)
        return CurvePoint(len(layers), _worst(worst), _measures(worst), held, ms, restless)

    def _session(self, layers: Sequence[Int8Layer], ranges: Mapping[str, Range]) -> Any:
        model = to_int8(self.model, layers, ranges, self.scheme) if layers else self.model
        return open_session((self.as_built or (lambda whole: whole))(model).SerializeToString())

    def _run(self, session: Any, inputs: Arrays) -> dict[str, np.ndarray]:
        def compute(batch: Arrays) -> Arrays:
            return dict(zip(self.outputs, session.run(self.outputs, dict(batch)), strict=True))

        return run_in_batches(compute, inputs, self.graph.batch)

    def _compare(self, found: Arrays, samples: Samples) -> tuple[Parity, ...]:
        return compare(self.graph.name, samples.reference, found, samples.names, "int8", self.schema, samples.inputs)
