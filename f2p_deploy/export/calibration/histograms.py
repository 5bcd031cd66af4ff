"""What values a graph computes on real inputs: one histogram for each, whatever the order of the inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.artifact.artifact import Arrays
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from onnx import ModelProto

#: Bins of a histogram: 16 for each of 128 steps of an 8-bit scale.
BINS = 2048


@dataclass(frozen=True)
class Histogram:
    """How often a value was how large.

    Args:
        low, high: its smallest and largest number over all inputs.
        counts: (BINS,) int64, of equal parts of [low, high].
    """

    low: float
    high: float
    counts: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        """(BINS,) float64, the middle of each bin."""
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        return (edges[:-1] + edges[1:]) / 2

    def magnitudes(self) -> np.ndarray:
        """Return (BINS,) int64, how often its magnitude lay in each of equal parts of [0, max(-low, high)]."""
        largest = max(-self.low, self.high, float(np.finfo(np.float32).tiny))
        counts, _ = np.histogram(np.abs(self.centres), len(self.counts), (0.0, largest), weights=self.counts)
        return np.rint(counts).astype(np.int64)


def observe(model: "ModelProto", values: Sequence[str], inputs: Sequence[Arrays]) -> dict[str, Histogram]:
    """Run a model on every input and count what some of its values are.

    Two passes, the first one for the ranges: so bins are the same whichever input comes first, and the counts are sums
    of integers. onnxruntime's own collectors grow their bins as inputs come, which makes the result depend on the
    order, and keep the values of all inputs in memory until the end.

    Args:
        model: float32 ONNX; not changed.
        values: names of its inputs or of values between its nodes.
        inputs: one batch each, tensors by name.

    Returns:
        A histogram for each value.

    Raises:
        InputError: there is no input, or a value is not a finite number.
    """
    if not inputs:
        raise InputError("calibration needs at least one input, found none")
    session = open_session(_revealing(model, values).SerializeToString())
    given = {value.name for value in model.graph.input}
    computed = [value for value in values if value not in given]

    def run(batch: Arrays) -> Mapping[str, np.ndarray]:
        found = dict(zip(computed, session.run(computed, dict(batch)), strict=True)) if computed else {}
        return {value: batch[value] if value in given else found[value] for value in values}

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
    """Return a copy of a model whose outputs are also these values."""
    from onnx import ModelProto, TensorProto, helper

    copy = ModelProto()
    copy.CopyFrom(model)
    known = {value.name for value in (*model.graph.input, *model.graph.output)}
    copy.graph.output.extend(
        helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in values if value not in known
    )
    return copy
