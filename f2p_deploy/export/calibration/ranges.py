"""From what a value was to the range that 8 bits stand for: four methods, chosen between by measurement."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from f2p_deploy.export.calibration.histograms import Histogram

#: The share of magnitudes that a percentile range holds.
PERCENTILE = 0.9999

#: Steps of a signed 8-bit scale on either side of 0, and of an unsigned one.
SIGNED_STEPS, UNSIGNED_STEPS = 127, 255

#: Fractions of the largest magnitude that the search for the smallest error looks at.
FRACTIONS = np.linspace(0.05, 1.0, 191)

#: A range below this is a value that is always 0.
SMALLEST = 1e-12


@dataclass(frozen=True)
class Range:
    """What 8 bits stand for: [-limit, limit] in 254 steps or, if nothing is below 0, [0, limit] in 255.

    Args:
        limit: the largest magnitude that is not cut off.
        signed: whether there are numbers below 0.
    """

    limit: float
    signed: bool


#: A histogram of a value to the limit of its range.
Method = Callable[[Histogram], float]

METHODS: dict[str, Method] = {}


def _method(name: str) -> Callable[[Method], Method]:
    def register(method: Method) -> Method:
        METHODS[name] = method
        return method

    return register


def range_of(histogram: Histogram, method: str) -> Range:
    """Return the range of a value by a method, one of `METHODS`."""
    return Range(max(METHODS[method](histogram), SMALLEST), histogram.low < 0)


@_method("min-max")
def _min_max(histogram: Histogram) -> float:
    """Cut nothing off."""
    return max(-histogram.low, histogram.high)


@_method("percentile")
def _percentile(histogram: Histogram) -> float:
    """Cut off what is rarer than 1 - `PERCENTILE`."""
    counts = histogram.magnitudes()
    enough = int(np.searchsorted(np.cumsum(counts), PERCENTILE * counts.sum()))
    return _min_max(histogram) * (min(enough, len(counts) - 1) + 1) / len(counts)


@_method("mse")
def _least_squares(histogram: Histogram) -> float:
    """Cut off what makes the mean squared rounding and clipping error smallest."""
    largest = _min_max(histogram)
    steps = SIGNED_STEPS if histogram.low < 0 else UNSIGNED_STEPS
    values, counts = histogram.centres, histogram.counts
    limits = largest * FRACTIONS[:, None]
    scales = np.maximum(limits / steps, SMALLEST / steps)
    rounded = np.clip(np.rint(values / scales), -steps, steps) * scales
    errors = (np.square(rounded - values) * counts).sum(axis=1)
    return float(limits[int(errors.argmin()), 0])


@_method("entropy")
def _entropy(histogram: Histogram) -> float:
    """Cut off where the 8-bit distribution tells least from the real one (Kullback-Leibler).

    S. Migacz, "8-bit inference with TensorRT" (GTC 2017), on magnitudes. The bin of zero counts as its neighbour, as in
    NVIDIA's pytorch-quantization: else what rectifiers set to zero outweighs all others. onnxruntime's own loses
    fractions to integers and the last bins to none.
    """
    counts = histogram.magnitudes().astype(np.float64)
    counts[0] = counts[1]
    total = max(counts.sum(), 1.0)
    upto = np.cumsum(counts)
    best, divergence = len(counts), np.inf
    for kept in range(SIGNED_STEPS + 1, len(counts) + 1, 8):
        reference = counts[:kept].copy()
        reference[-1] += total - upto[kept - 1]
        step = (np.arange(kept) * (SIGNED_STEPS + 1)) // kept
        present = counts[:kept] > 0
        sums = np.bincount(step, counts[:kept], SIGNED_STEPS + 1)
        members = np.bincount(step, present, SIGNED_STEPS + 1)
        spread = np.where(present, sums[step] / np.maximum(members[step], 1), 0.0)
        found = _divergence(reference / total, spread / max(spread.sum(), 1.0))
        if found < divergence:
            best, divergence = kept, found
    return _min_max(histogram) * best / len(counts)


def _divergence(reference: np.ndarray, found: np.ndarray) -> float:
    """Return the Kullback-Leibler divergence of two distributions; where `found` has none, a trace is assumed."""
    has = reference > 0
    return float((reference[has] * np.log(reference[has] / np.maximum(found[has], 1e-9))).sum())
