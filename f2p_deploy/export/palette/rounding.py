"""Rounds a layer's weights to a few values each, so that the layer's outputs change little.

Weights are rounded column by column, and what a column is off is made up for by the columns that are not rounded yet
(GPTQ, Frantar et al. 2022). A palette holds 8 to 64 values for each output channel or for a layer, found by k-means
with the inputs' power as weights (Han et al., Deep Compression, 2015) and fitted once more to the rounded weights by
least squares. The mean error of an output goes into the layer's bias (Nagel et al., Data-Free Quantization, 2019).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from f2p_deploy.export.palette.coding import HALF, ONNX_CODING, Coding
from f2p_deploy.export.palette.input_moments import Moments
from f2p_deploy.export.palette.layer_weights import LayerWeight
from f2p_deploy.export.palette.planes import planes

#: Share of the inputs' mean power that is added to each input's, so that unseen inputs count a little.
DAMPING = 0.01

#: Columns that are rounded before the others are made up for.
BLOCK = 128

#: Iterations of k-means.
ITERATIONS = 20

#: How often a palette is fitted to the rounded weights, and the number of outputs, evenly chosen, that it is fitted to.
FITS, FITTED_ROWS = 2, 64


@dataclass(frozen=True)
class RoundedWeight:
    """A layer's weight in a few values.

    Args:
        bits: of a code.
        codes: (R, C) uint8, below 2^bits; uint16 for more than 8 bits, and the bits of float16 for 16.
        values: (G, 2^bits) float16, the palette of each output channel; None without one.
        steps: (G,) float32, the step of each output channel, code 2^(bits - 1) being zero; None without equal steps.
        shift: (R,) float64, what a layer's outputs lose on average; zero without a bias.
        error: mean square error of the layer's outputs, relative to their mean square.
    """

    bits: int
    codes: np.ndarray
    values: np.ndarray | None
    steps: np.ndarray | None
    shift: np.ndarray
    error: float

    @property
    def size(self) -> int:
        """The size of codes and values in a file."""
        return sum(map(len, self._parts()))

    @cached_property
    def download_size(self) -> int:
        """The size of codes and values when they are compressed, as in an app's download."""
        return sum(len(zlib.compress(part, 9)) for part in self._parts())

    def matrix(self) -> np.ndarray:
        """Return the weights that a graph computes: (R, C) float32."""
        return _looked_up(self.codes, self.values, self.steps, self.bits)

    def _parts(self) -> list[bytes]:
        numbers = self.values if self.values is not None else self.steps
        if self.bits == HALF:
            return [self.codes.tobytes()]
        kept = [packed.tobytes() for _, _, packed in planes(self.codes, self.bits)]
        return kept if numbers is None else [*kept, numbers.tobytes()]


def round_weight(
    weight: LayerWeight, bits: int, moments: Moments | None, biased: bool, coding: Coding = ONNX_CODING
) -> RoundedWeight:
    """Round a weight.

    Args:
        weight: to be rounded.
        bits: one of `Coding.bits`.
        moments: of the layer's inputs; None to count every input alike.
        biased: whether the layer has a bias that takes the mean error.
        coding: the ways in which the format can store weights.
    """
    matrix, rows = weight.matrix, weight.matrix.shape[0]
    inputs = matrix.shape[1]
    mean = np.zeros(inputs) if moments is None else moments.mean
    second = np.eye(inputs) if moments is None else moments.second
    power = second - np.outer(mean, mean) if biased else second
    if moments is not None:
        power = _shrunk(power, moments.count)
    groups = 1 if coding.whole and bits in coding.palettes else weight.channels
    group = np.arange(rows) // (rows // groups)
    if bits == HALF:
        codes, values, steps = matrix.astype(np.float16).view(np.uint16), None, None
    elif bits in coding.palettes:
        codes, values = _with_palettes(matrix, group, groups, power, bits)
        steps = None
    else:
        codes, steps = _with_steps(matrix, group, groups, power if coding.own_steps else None, bits)
        values = None
    off = matrix - _looked_up(codes, values, steps, bits)
    whole = _power_of(matrix, power)
    shift = off @ mean if biased else np.zeros(rows)
    return RoundedWeight(bits, codes, values, steps, shift, _power_of(off, power) / whole if whole > 0 else 0.0)


def _shrunk(power: np.ndarray, count: int) -> np.ndarray:
    """Return second moments with those of two different inputs made smaller, the more so the fewer were looked at.

    Of fewer inputs than columns, chance alone makes columns depend on one another.
    """
    share = len(power) / (len(power) + count)
    return (1.0 - share) * power + share * np.diag(power.diagonal())


def _power_of(matrix: np.ndarray, power: np.ndarray) -> float:
    return float(((matrix @ power) * matrix).sum())


def _looked_up(codes: np.ndarray, values: np.ndarray | None, steps: np.ndarray | None, bits: int) -> np.ndarray:
    if bits == HALF:
        return codes.view(np.float16).astype(np.float32)
    channels = len(values if values is not None else steps if steps is not None else ())
    flat = codes.reshape(channels, -1)
    if values is not None:
        found = np.take_along_axis(values.astype(np.float32), flat.astype(np.int64), axis=1)
    else:
        assert steps is not None
        found = (flat.astype(np.float32) - 2 ** (bits - 1)) * steps[:, None]
    return found.reshape(codes.shape)


def _with_steps(
    matrix: np.ndarray, group: np.ndarray, channels: int, power: np.ndarray | None, bits: int
) -> tuple[np.ndarray, np.ndarray]:
    half = 2 ** (bits - 1)
    largest = np.abs(matrix).reshape(channels, -1).max(axis=1)
    steps = np.maximum(largest / (half - 1), np.finfo(np.float32).tiny).astype(np.float32)
    own = steps.astype(np.float64)[group]
    if power is None:
        rounded = np.clip(np.rint(matrix / own[:, None]), 1 - half, half - 1)
        return (rounded + half).astype(_code_type(bits)), steps

    def nearest(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        codes = np.clip(np.rint(column / own), 1 - half, half - 1)
        return (codes + half).astype(_code_type(bits)), codes * own

    return _rounded_in_turn(matrix, power, nearest, _code_type(bits)), steps


def _code_type(bits: int) -> type[np.unsignedinteger]:
    return np.uint8 if bits <= 8 else np.uint16


def _with_palettes(
    matrix: np.ndarray, group: np.ndarray, channels: int, power: np.ndarray, bits: int
) -> tuple[np.ndarray, np.ndarray]:
    count = 2**bits
    weights = np.tile(_damped(power).diagonal(), len(matrix) // channels)
    values = _k_means(matrix.reshape(channels, -1), weights, count)
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(FITS):
        values = np.sort(values, axis=1)
        own = values[group]
        codes = _rounded_in_turn(matrix, power, lambda column, own=own: _nearest_of(column, own))  # type: ignore[misc]
        values = _fitted(matrix, codes, values, group, power)
        stored = values.astype(np.float16)
        error = _power_of(matrix - _looked_up(codes, stored, None, bits), power)
        if best is None or error < best[0]:
            best = error, codes, stored
    assert best is not None
    return best[1], best[2]


def _nearest_of(column: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    codes = np.abs(column[:, None] - values).argmin(axis=1)
    return codes.astype(np.uint8), values[np.arange(len(codes)), codes]


def _damped(power: np.ndarray) -> np.ndarray:
    """Return the inputs' power with `DAMPING`, which also makes it positive definite."""
    mean = float(power.diagonal().mean())
    return power + np.eye(len(power)) * (DAMPING * mean if mean > 0 else 1.0)


def _rounded_in_turn(
    matrix: np.ndarray,
    power: np.ndarray,
    nearest: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    codes_as: type[np.unsignedinteger] = np.uint8,
) -> np.ndarray:
    """Return the codes of a matrix whose columns are rounded in turn, those of the greatest power first."""
    damped = _damped(power)
    order = np.argsort(-damped.diagonal(), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left, codes = matrix[:, order].copy(), np.empty(matrix.shape, codes_as)
    columns = matrix.shape[1]
    for start in range(0, columns, BLOCK):
        end = min(start + BLOCK, columns)
        off = np.zeros((len(matrix), end - start))
        for column in range(start, end):
            codes[:, order[column]], rounded = nearest(left[:, column])
            off[:, column - start] = (left[:, column] - rounded) / upper[column, column]
            left[:, column + 1 : end] -= np.outer(off[:, column - start], upper[column, column + 1 : end])
        left[:, end:] -= off @ upper[start:end, end:]
    return codes


def _fitted(
    matrix: np.ndarray, codes: np.ndarray, values: np.ndarray, group: np.ndarray, power: np.ndarray
) -> np.ndarray:
    """Return the palettes of least error for these codes; values that no weight has stay."""
    count, inputs = values.shape[1], matrix.shape[1]
    fitted = values.copy()
    for channel in range(len(values)):
        normal, right = np.zeros((count, count)), np.zeros(count)
        rows = np.flatnonzero(group == channel)
        for row in rows[:: -(-len(rows) // FITTED_ROWS)]:
            chosen = np.zeros((inputs, count))
            chosen[np.arange(inputs), codes[row]] = 1.0
            products = power @ chosen
            normal += chosen.T @ products
            right += products.T @ matrix[row]
        used = normal.diagonal() > 0
        if used.any():
            part = normal[np.ix_(used, used)]
            part += np.eye(len(part)) * (1e-9 * part.trace() / len(part))
            fitted[channel, used] = np.linalg.solve(part, right[used])
    return fitted


def _k_means(rows: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted k-means of each row of numbers.

    Args:
        rows: (G, N).
        weights: (N,), not negative.
        count: number of means.
    """
    order = np.argsort(rows, axis=1)
    sorted_rows, sorted_weights = np.take_along_axis(rows, order, 1), weights[order]
    share = (np.arange(count) + 0.5) / count
    low, high = sorted_rows[:, :1], sorted_rows[:, -1:]
    means = (np.quantile(sorted_rows, share, axis=1).T + low + (high - low) * share) / 2
    zero = np.zeros((len(rows), 1))
    summed = np.concatenate([zero, np.cumsum(sorted_weights * sorted_rows, 1)], 1)
    weighed = np.concatenate([zero, np.cumsum(sorted_weights, 1)], 1)
    for _ in range(ITERATIONS):
        middles = (means[:, 1:] + means[:, :-1]) / 2
        inner = np.stack([np.searchsorted(row, middle) for row, middle in zip(sorted_rows, middles, strict=True)])
        ends = np.pad(inner, ((0, 0), (1, 1)), constant_values=((0, 0), (0, rows.shape[1])))
        mass = np.diff(np.take_along_axis(weighed, ends, 1), axis=1)
        total = np.diff(np.take_along_axis(summed, ends, 1), axis=1)
        means = np.sort(np.where(mass > 0, total / np.where(mass > 0, mass, 1.0), means), axis=1)
    return means
