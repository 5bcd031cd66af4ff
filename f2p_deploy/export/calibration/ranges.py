"""Choose the range that 8 bits cover, from a histogram of observed values; the best of four methods is measured."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from f2p_deploy.export.calibration.histograms import Histogram

#: The share of magnitudes that a percentile range covers.
PERCENTILE = 0.9999

#: Steps of a signed 8-bit scale on each side of 0, and of an unsigned one.
SIGNED_STEPS, UNSIGNED_STEPS = 127, 255

#: Limits that the search for the smallest squared error tries, as fractions of the largest magnitude.
FRACTIONS = np.linspace(0.05, 1.0, 191)

#: Smallest limit of a range, for a value that is always 0.
SMALLEST = 1e-12


@dataclass(frozen=True)
class Range:
    """The range that 8 bits cover: [-limit, limit] in 254 steps, or [0, limit] in 255 without negative numbers.

    Args:
        limit: the largest magnitude that is not clipped.
        signed: whether there are negative numbers.
    """

    limit: float
    signed: bool


#: A function from the histogram of a value to the limit of its range.
Method = Callable[[Histogram], float]

METHODS: dict[str, Method] = {}


def _method(name: str) -> Callable[[Method], Method]:
    def register(method: Method) -> Method:
        METHODS[name] = method
        return method

    return register


def range_of(histogram: Histogram, method: str) -> Range:
    """Return the range of a value by a method, a key of `METHODS`."""
    return Range(max(METHODS[method](histogram), SMALLEST), histogram.low < 0)


@_method("min-max")
def _min_max(histogram: Histogram) -> float:
    """Clip nothing."""
    return max(-histogram.low, histogram.high)


@_method("percentile")
def _percentile(histogram: Histogram) -> float:
    """Clip the largest magnitudes, a share of 1 - `PERCENTILE`."""
    counts = histogram.magnitudes()
    enough = int(np.searchsorted(np.cumsum(counts), PERCENTILE * counts.sum()))
    return _min_max(histogram) * (min(enough, len(counts) - 1) + 1) / len(counts)


@_method("mse")
def _least_squares(histogram: Histogram) -> float:
    """Clip at the limit with the smallest mean squared error of rounding and clipping."""
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
    """Clip at the limit with the smallest Kullback-Leibler divergence of the quantised distribution from the real one.

    S. Migacz, "8-bit inference with TensorRT" (GTC 2017), on magnitudes. The bin of zero gets the count of its
    neighbour, as in NVIDIA's pytorch-quantization, because the zeros of ReLUs would outweigh all other bins.
    onnxruntime's implementation rounds counts to integers and drops the last bins.
    """
    counts = histogram.magnitudes().astype(np.float64)
    counts[0] = counts[1]
    total = max(counts.sum(), 1.0)
    upto = np.cumsum(counts)
    best, divergence = len(counts), np.inf
    for bins in range(SIGNED_STEPS + 1, len(counts) + 1, 8):
        reference = counts[:bins].copy()
        reference[-1] += total - upto[bins - 1]
        step = (np.arange(bins) * (SIGNED_STEPS + 1)) // bins
        present = counts[:bins] > 0
        sums = np.bincount(step, counts[:bins], SIGNED_STEPS + 1)
        members = np.bincount(step, present, SIGNED_STEPS + 1)
        spread = np.where(present, sums[step] / np.maximum(members[step], 1), 0.0)
        candidate = _divergence(reference / total, spread / max(spread.sum(), 1.0))
        if candidate < divergence:
            best, divergence = bins, candidate
    return _min_max(histogram) * best / len(counts)


def _divergence(reference: np.ndarray, other: np.ndarray) -> float:
    """Return the Kullback-Leibler divergence of two distributions; zeros of `other` count as 1e-9."""
    has = reference > 0
    return float((reference[has] * np.log(reference[has] / np.maximum(other[has], 1e-9))).sum())
