"""8-bit weights of a Core ML model: linear with a scale for each channel, or a table of 256 values for each layer."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.runtimes.coreml.coreml_runtime import core_ml_inputs, core_ml_outputs
from f2p_deploy.runtimes.coreml.mil.program import Program

#: Constants with fewer numbers stay float.
SMALLEST_WEIGHTS = 512

#: Errors that differ by at most this fraction count as equal; then the smaller file is chosen.
NEAR = 0.05


@dataclass(frozen=True)
class Weights:
    """The measurement of one form of 8-bit weights.

    Args:
        kind: `linear` or `palettised`.
        error: the largest ratio over the outputs: root mean square error / root mean square of PyTorch's output.
        size: size of the package in bytes.
    """

    kind: str
    error: float
    size: int

    def sentence(self) -> str:
        """Return the measurement in words."""
        return f"{self.kind}: off by {self.error:.2g}, {self.size / 1e6:.2f} MB"


def in_8_bits(
    model: Any, graph: ExportGraph, example: Arrays, path: Path, save: Callable[[Any, Path, dict[str, str]], None]
) -> tuple[Weights, ...]:
    """Write a model with 8-bit weights, in the form whose saved package has the smaller error.

    The computation stays in float16.

    Args:
        model: coremltools' model.
        graph: the graph that was converted.
        example: one real batch, by tensor name.
        path: the package to write.
        save: writes a model with further metadata.

    Returns:
        Both forms, the chosen one first.
    """
    reference = graph.compute(example)
    tried: list[tuple[Weights, Path]] = []
    for kind, compress in COMPRESSIONS.items():
        place = path.with_name(f".{kind}-{path.name}")
        save(compress(model), place, {"weights": kind})
        tried.append((Weights(kind, _error(place, graph, example, reference), _size(place)), place))
    tried.sort(key=lambda one: one[0].error)
    if tried[1][0].error <= (1.0 + NEAR) * tried[0][0].error and tried[1][0].size < tried[0][0].size:
        tried.reverse()
    (_, chosen), (_, other) = tried
    chosen.rename(path)
    shutil.rmtree(other)
    return tuple(weights for weights, _ in tried)


def linear_weights(model: Any, kept: Sequence[str] = ()) -> Any:
    """Return a model whose weights are 8-bit integers times a scale for each output channel.

    Args:
        model: coremltools' model; weights that are rounded already stay.
        kept: the names of weights that stay float.
    """
    from coremltools.optimize import coreml

    config = coreml.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=SMALLEST_WEIGHTS)
    left_out = dict.fromkeys(kept)
    return coreml.linear_quantize_weights(
        model, coreml.OptimizationConfig(global_config=config, op_name_configs=left_out)
    )


def _palettised(model: Any) -> Any:
    """Return a model whose weights are indices in a table of 256 values for each layer, by k-means."""
    from coremltools.optimize import coreml

    config = coreml.OpPalettizerConfig(mode="custom", lut_function=_table, weight_threshold=SMALLEST_WEIGHTS)
    return coreml.palettize_weights(model, coreml.OptimizationConfig(global_config=config))


#: The forms that are tried.
COMPRESSIONS: dict[str, Callable[[Any], Any]] = {"linear": linear_weights, "palettised": _palettised}


def _table(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of 256 values and each weight's index in it, by exact, deterministic one-dimensional k-means."""
    from coremltools.models.neural_network.quantization_utils import _get_kmeans_lookup_table_and_weight

    table, places = _get_kmeans_lookup_table_and_weight(8, weight.astype(np.float16), force_kmeans1d=True)
    return table.astype(weight.dtype), places.astype(np.uint8)


def _error(package: Path, graph: ExportGraph, example: Arrays, reference: Arrays) -> float:
    outputs = core_ml_outputs(graph.outputs, Program(package).compute(core_ml_inputs(graph.inputs, example)), package)

    def root_mean_square(values: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))

    return max(
        root_mean_square(outputs[name] - value) / max(root_mean_square(value), 1e-12)
        for name, value in reference.items()
    )


def _size(package: Path) -> int:
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
