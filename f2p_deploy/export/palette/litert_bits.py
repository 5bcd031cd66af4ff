"""Chooses the layers of LiteRT's files whose weights take 4 bits; the others take 8 or, if they are small, 16.

A file in float32 is run with weights that were rounded in its memory: as the quantised file computes, but for the
rounding of activations, which changes little beside it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.parity import compare
from f2p_deploy.export.converters.litert_layers import IN_4_BITS, Layer, read_model, small_layers, weighted_layers
from f2p_deploy.export.palette.allocation import comfortable, fewest_bytes, harm_of_all
from f2p_deploy.export.samples import Samples
from f2p_deploy.export.source import Trial
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.system.progress import Progress
from f2p_deploy.system.threads import default_threads, usable_cores

if TYPE_CHECKING:
    from f2p_deploy.export.export_graphs import ExportGraph

logger = logging.getLogger(__name__)

#: Number of faces on which the effect of a layer's error is measured.
TRIED_ALONE = 8

#: Share of the way to a floor that may be used up on these faces: fewer choices are tried than where weights are
#: fitted.
USED = 0.75

#: Share of a graph's weights in 8 bits that 4 bits must save at least: LiteRT 2.3 takes about twice the time for them.
WORTH_IT = 0.1



@dataclass(frozen=True)
class SteppedLayer:
    """A layer's weight in equal steps, one step for each output channel.

    Args:
        bits: 4 or 8.
        values: (channels, ...) float32, the weight's shape.
        error: mean square of what they are off, relative to the weight's mean square.
    """

    bits: int
    values: np.ndarray
    error: float

    @property
    def download_size(self) -> int:
        """The size of the codes and steps; a converter rounds, so what can be compressed is not counted."""
        return self.values.size * self.bits // 8 + 4 * len(self.values)


def round_layer(weight: np.ndarray, bits: int) -> SteppedLayer:
    """Round a weight as ai-edge-quantizer does: symmetric, its largest value of each channel kept.

    Args:
        weight: (channels, ...) float32.
        bits: of a value.
    """
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    steps = np.abs(rows).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    steps[steps == 0] = 1.0
    values = np.rint(rows / steps) * steps
    whole = float((rows**2).sum())
    error = float(((values - rows) ** 2).sum()) / whole if whole > 0 else 0.0
    return SteppedLayer(bits, values.astype(np.float32).reshape(weight.shape), error)


def outputs_in_4_bits(file: Path, graph: "ExportGraph", trial: Trial, progress: Progress) -> list[str]:
    """Return the names of the outputs of the layers of a file that take 4 bits: as many as the floors allow.

    None do if that saves too little, see `WORTH_IT`.

    Args:
        file: the graph in float32.
        graph: names its inputs and outputs.
        trial: what the choice is made on.
        progress: called with a description of each stage.
    """
    tried = _FileInMemory(file, graph, trial)
    choices = {
        buffer: [round_layer(weight, bits) for bits in ((4, 8) if buffer in tried.may_take_4 else (8,))]
        for buffer, weight in tried.weights.items()
    }
    effects = dict.fromkeys(choices, 0.0)
    few = trial.samples.first(TRIED_ALONE)
    for number, buffer in enumerate(tried.may_take_4):
        progress(f"{graph.name}: effect of each layer", number, len(tried.may_take_4))
        rounded = choices[buffer][0]
        if rounded.error > 0:
            outputs = tried.outputs({buffer: rounded}, few)
            records = tried.compared(outputs, few)
            effects[buffer] = harm_of_all(records, few.reference, outputs, trial.schema) / rounded.error
    progress(f"{graph.name}: bits of each layer")
    chosen = fewest_bytes(choices, effects, tried.passes, tries=0)
    before, after = (
        sum(one.download_size for one in every) for every in ([some[-1] for some in choices.values()], chosen.values())
    )
    if before - after < WORTH_IT * before:
        return []
    return [layer.output for layer in tried.layers if layer.buffer in chosen and chosen[layer.buffer].bits == 4]


class _FileInMemory:
    """A float32 file in memory, whose weights can be changed before it is run.

    Attributes:
        layers: all layers with constant weights.
        weights: (channels, ...) float32, the layers' own weights by buffer, without small layers.
        may_take_4: the buffers of weights that LiteRT can read in 4 bits.
    """

    def __init__(self, file: Path, graph: "ExportGraph", trial: Trial) -> None:
        self.graph, self.trial = graph, trial
        self.memory = bytearray(file.read_bytes())
        self.layers = weighted_layers(read_model(file))
        small = {layer.buffer for layer in small_layers(self.layers)}
        rounded = [layer for layer in self.layers if layer.buffer not in small and layer.kind == "FLOAT32"]
        self.places = {layer.buffer: _place(self.memory, layer) for layer in rounded}
        self.weights = {buffer: place.copy() for buffer, place in self.places.items()}
        others = {layer.buffer for layer in rounded if layer.operation not in IN_4_BITS}
        self.may_take_4 = [buffer for buffer in self.weights if buffer not in others]

    def outputs(self, chosen: Mapping[int, SteppedLayer], samples: Samples) -> dict[str, np.ndarray]:
        """Return what the graph with these weights, and its own elsewhere, computes for samples."""
        from ai_edge_litert.interpreter import Interpreter

        for buffer, place in self.places.items():
            place[...] = chosen[buffer].values if buffer in chosen else self.weights[buffer]
        threads = default_threads() or usable_cores()
        runner = Interpreter(model_content=bytes(self.memory), num_threads=threads).get_signature_runner()

        def compute(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            found = runner(**{f"args_{k}": inputs[spec.name] for k, spec in enumerate(self.graph.inputs)})
            return {spec.name: found[f"output_{k}"] for k, spec in enumerate(self.graph.outputs)}

        return run_in_batches(compute, samples.inputs, self.graph.batch, samples.shared)

    def compared(self, outputs: Mapping[str, np.ndarray], samples: Samples) -> tuple[Any, ...]:
        """Compare outputs with PyTorch's."""
        schema = self.trial.schema
        return compare(self.graph.name, samples.reference, outputs, samples.names, "int4", schema, samples.inputs)

    def passes(self, chosen: Mapping[int, SteppedLayer]) -> bool:
        """Return whether the graph with these weights keeps a distance from its floors."""
        samples = self.trial.samples
        records = self.compared(self.outputs(chosen, samples), samples)
        logger.info("%s: %s", self.graph.name, "; ".join(record.sentence() for record in records))
        return all(comfortable(record, USED) for record in records)


def _place(memory: bytearray, layer: Layer) -> np.ndarray:
    """Return a layer's weight as an array that shares the file's memory."""
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.Model.GetRootAs(memory, 0).Buffers(layer.buffer)
    size = buffer.Size()  # of a large constant, which lies behind the tables
    content = np.frombuffer(memory, np.uint8, size, buffer.Offset()) if size else buffer.DataAsNumpy()
    return content.view(np.float32).reshape(layer.shape)
