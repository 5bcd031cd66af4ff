"""Histograms of the values that a graph computes on real inputs, independent of the order of the inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from onnx import ModelProto

#: Number of bins: 16 for each of the 128 steps of an 8-bit scale.
BINS = 2048


@dataclass(frozen=True)
class Histogram:
    """The distribution of the numbers of one value of a graph.

    Args:
        low, high: the smallest and largest number over all inputs.
        counts: (BINS,) int64, for equal parts of [low, high].
    """

    low: float
    high: float
    counts: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        """The middle of each bin, (BINS,) float64."""
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        return (edges[:-1] + edges[1:]) / 2

    def magnitudes(self) -> np.ndarray:
        """Return a histogram of magnitudes, (BINS,) int64, for equal parts of [0, max(-low, high)]."""
        largest = max(-self.low, self.high, float(np.finfo(np.float32).tiny))
        counts, _ = np.histogram(np.abs(self.centres), len(self.counts), (0.0, largest), weights=self.counts)
        return np.rint(counts).astype(np.int64)


def observe(model: "ModelProto", values: Sequence[str], inputs: Sequence[Arrays]) -> dict[str, Histogram]:
    """Run a model on every input and return histograms of some of its values.

    There are two passes, the first for the smallest and largest numbers, so that the bins do not depend on the order of
    the inputs. onnxruntime's own collectors extend their bins from input to input, so that their results depend on the
    order, and keep the values of all inputs in memory.

    Args:
        model: float32 ONNX; not changed.
        values: names of its inputs or of values between its nodes.
        inputs: batches, tensors by name.

    Returns:
        A histogram for each value.

    Raises:
        InputError: there is no input, or a value is not a finite number.
    """
    if not inputs:
        raise InputError("calibration needs at least one input, found none")
    session = open_session(_revealing(model, values).SerializeToString())
    of_graph = {value.name for value in model.graph.input}
    computed = [value for value in values if value not in of_graph]

    def run(batch: Arrays) -> Mapping[str, np.ndarray]:
        outputs = dict(zip(computed, session.run(computed, dict(batch)), strict=True)) if computed else {}
        return {value: batch[value] if value in of_graph else outputs[value] for value in values}

    low, high = dict.fromkeys(values, np.inf), dict.fromkeys(values, -np.inf)
    for number, batch in enumerate(inputs):
        for value, array in run(batch).items():
            if not np.isfinite(array).all():
                raise InputError(f"{value} is not finite for calibration input {number}: it has no range")
            low[value], high[value] = min(low[value], float(array.min())), max(high[value], float(array.max()))
    counts = {value: np.zeros(BINS, np.int64) for value in values}
    for batch in inputs:
        for value, array in run(batch).items():
            if low[value] < high[value]:
                counts[value] += np.histogram(array, BINS, (low[value], high[value]))[0]
            else:
                counts[value][0] += array.size
    return {value: Histogram(low[value], high[value], counts[value]) for value in values}


def _revealing(model: "ModelProto", values: Sequence[str]) -> "ModelProto":
    """Return a copy of a model that has these values as additional outputs."""
    from onnx import ModelProto, TensorProto, helper

    copy = ModelProto()
    copy.CopyFrom(model)
    known = {value.name for value in (*model.graph.input, *model.graph.output)}
    copy.graph.output.extend(
        helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in values if value not in known
    )
    return copy
