"""Rounds the weights of all graphs of a bundle to few bits; the arithmetic stays as it is."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.artifact import Parity
from f2p_deploy.artifact.parity import compare
from f2p_deploy.character.schema import Schema
from f2p_deploy.export.palette.allocation import comfortable, fewest_bytes, groups_that_share, harm_of_all
from f2p_deploy.export.palette.coding import Coding
from f2p_deploy.export.palette.input_moments import Moments, input_moments
from f2p_deploy.export.palette.layer_weights import LayerWeight, layer_weights
from f2p_deploy.export.palette.packed_weights import bias_takes_shift, with_packed_weights
from f2p_deploy.export.palette.rounding import RoundedWeight, round_weight
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.source import Source
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:
    from onnx import ModelProto

logger = logging.getLogger(__name__)

#: Graphs whose layers' inputs are measured. A search goes through few states, which say little about the inputs of
#: `step`: its layers count every input alike.
MEASURED = ("one_shot", "describe", "render", "segment")

#: Number of characters that are drawn, each with every parameter of another face: of few characters, chance alone would
#: make parameters depend on one another.
CROSSED = 256

#: Number of faces on which the effect of a layer's error is measured.
FELT = 8

#: The bits of layers that only a gradient step has: near the end of a search its gradients are small.
STEP_BITS = 8


@dataclass(frozen=True)
class Roundings:
    """The rounded weights of several graphs.

    Args:
        weights: the weights of each graph, by its name.
        chosen: by the key of the weight.
        coding: the ways in which they may be stored.
    """

    weights: dict[str, tuple[LayerWeight, ...]]
    chosen: dict[bytes, RoundedWeight]
    coding: Coding

    def facts(self) -> dict[str, dict[str, Any]]:
        """Return for each graph the number of layers, of bits per weight, and of layers by bits, for the manifest."""
        return {name: self._facts([self.chosen[one.key] for one in every]) for name, every in self.weights.items()}

    def _facts(self, chosen: list[RoundedWeight]) -> dict[str, Any]:
        values = sum(one.codes.size for one in chosen)
        return {
            "quantised": len(chosen),
            "of": len(chosen),
            "method": "palettes",
            "bits": {str(bits): sum(one.bits == bits for one in chosen) for bits in self.coding.bits},
            "bits_per_weight": round(8 * sum(one.size for one in chosen) / values, 3) if values else 0.0,
        }

    def packed(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        """Return ONNX sources whose weights are these."""
        return {
            name: replace(
                source, model=with_packed_weights(source.onnx, self.chosen, self.weights[name]), precision="int4"
            )
            for name, source in sources.items()
        }


def choose_roundings(
    sources: Mapping[str, Source],
    fitted: Mapping[str, Samples],
    tried: Mapping[str, Samples],
    schema: Schema,
    coding: Coding,
    progress: Progress,
) -> Roundings:
    """Choose weights of few bits for every layer: as small a download as the floors allow.

    Args:
        sources: float32 ONNX, by the graph's name.
        fitted: inputs and PyTorch's outputs of every graph, by its name, for the faces that weights are fitted to.
        tried: the same for other faces, on which bits are chosen; neither are the faces on which the export is judged.
        schema: tells controllers from discrete groups.
        coding: the ways in which the format can store weights.
        progress: called with a description of each stage.
    """
    models = {name: source.onnx for name, source in sources.items()}
    weights = {name: layer_weights(model) for name, model in models.items()}
    moments: dict[bytes, Moments] = {}
    for name in MEASURED:
        if name in models:
            progress(f"{name}: inputs of its layers")
            samples, batch = fitted[name], sources[name].graph.batch
            inputs = dict(samples.inputs)
            if "parameters" in inputs:
                inputs["parameters"] = crossed(inputs["parameters"], schema, CROSSED * batch)
            moments |= input_moments(models[name], inputs, batch, moments)
    unique = {weight.key: weight for every in weights.values() for weight in every}
    biased = {key for model in models.values() for key in _keys_with_bias(model)} if coding.shifts else set()
    forward = {w.key for name, every in weights.items() if sources[name].graph.lower is None for w in every}
    choices: dict[bytes, list[RoundedWeight]] = {}
    for number, (key, weight) in enumerate(unique.items()):
        progress("rounding weights", number, len(unique))
        shifted = key in biased and key in moments
        every_bits = coding.bits if key in forward else (STEP_BITS,)
        choices[key] = [round_weight(weight, bits, moments.get(key), shifted, coding) for bits in every_bits]
    chosen: dict[bytes, RoundedWeight] = {}
    for group in groups_that_share({name: frozenset(w.key for w in every) for name, every in weights.items()}):
        own = {weight.key: choices[weight.key] for name in group for weight in weights[name]}
        those = {name: _Layered(sources[name], weights[name], tried[name]) for name in group}
        effects = {}
        for number, (key, rounded) in enumerate(own.items()):
            progress(f"{', '.join(group)}: effect of each layer", number, len(own))
            effects[key] = _effect(those, schema, key, rounded[0]) if len(rounded) > 1 else 0.0
        progress(f"{', '.join(group)}: bits of each layer")
        chosen |= fewest_bytes(own, effects, partial(_passes, those, schema))
    return Roundings(weights, chosen, coding)


def crossed(parameters: np.ndarray, schema: Schema, count: int) -> np.ndarray:
    """Return characters that have each controller and each discrete group of a random one of these.

    Args:
        parameters: (K, n) float32.
        schema: of the parameters.
        count: number of characters.
    """
    random = np.random.default_rng(0)
    rows = random.integers(0, len(parameters), (count, parameters.shape[1]))
    for place in schema.discrete_slices.values():
        rows[:, place] = rows[:, place.start : place.start + 1]
    return np.ascontiguousarray(np.take_along_axis(parameters, rows, axis=0))


def _keys_with_bias(model: "ModelProto") -> set[bytes]:
    """Return the keys of weights whose layers have a bias that can take the mean error."""
    keys = {weight.name: weight.key for weight in layer_weights(model)}
    stored = {weight.name: weight for weight in model.graph.initializer}
    nodes = (node for node in model.graph.node if len(node.input) > 1 and node.input[1] in keys)
    return {keys[node.input[1]] for node in nodes if bias_takes_shift(node, stored)}


@dataclass(frozen=True)
class _Layered:
    """A graph with its layers' weights, and its inputs and outputs for calibration faces."""

    source: Source
    weights: tuple[LayerWeight, ...]
    samples: Samples

    def outputs(self, chosen: Mapping[bytes, RoundedWeight], samples: Samples) -> dict[str, np.ndarray]:
        """Return what the graph with these weights computes for samples."""
        packed = with_packed_weights(self.source.onnx, chosen, self.weights)
        session = open_session(packed.SerializeToString())
        names = [output.name for output in session.get_outputs()]

        def compute(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return dict(zip(names, session.run(names, inputs), strict=True))

        return run_in_batches(compute, samples.inputs, self.source.graph.batch, samples.shared)

    def compared(
        self, outputs: Mapping[str, np.ndarray], samples: Samples, schema: Schema
    ) -> tuple[Parity, ...]:
        """Compare outputs of the graph with PyTorch's."""
        name = self.source.graph.name
        return compare(name, samples.reference, outputs, samples.names, "int4", schema, samples.inputs)


def _effect(graphs: Mapping[str, _Layered], schema: Schema, key: bytes, rounded: RoundedWeight) -> float:
    """Return what the error of one layer does to the outputs of graphs, relative to the layer's error."""
    if not rounded.error:
        return 0.0
    whole = 0.0
    for graph in graphs.values():
        if any(weight.key == key for weight in graph.weights):
            samples = graph.samples.first(FELT)
            outputs = graph.outputs({key: rounded}, samples)
            whole += harm_of_all(graph.compared(outputs, samples, schema), samples.reference, outputs, schema)
    return whole / rounded.error


def _passes(graphs: Mapping[str, _Layered], schema: Schema, chosen: Mapping[bytes, RoundedWeight]) -> bool:
    """Return whether graphs with these weights keep a distance from their floors."""
    for name, graph in graphs.items():
        records = graph.compared(graph.outputs(chosen, graph.samples), graph.samples, schema)
        logger.info("%s: %s", name, "; ".join(record.sentence() for record in records))
        if not all(comfortable(record) for record in records):
            return False
    return True
