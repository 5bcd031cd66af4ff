"""Checks of the arrays that a graph is given."""

from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.system.errors import InputError

#: How far rounding may carry an input out of its range.
RANGE_TOLERANCE = 1e-3


def check_input(graph: str, spec: TensorSpec, value: Any) -> np.ndarray:
    """Return one input as a contiguous array if it is what a graph was exported for.

    Args:
        graph: its name, for the sentence.
        spec: what the manifest says of the tensor.
        value: what was given.

    Raises:
        InputError: another shape, dtype or range, or NaN.
    """
    where = f"{graph}: the tensor {spec.name!r}"
    if not isinstance(value, np.ndarray):
        raise InputError(f"{where} must be a NumPy array, found {type(value).__name__}")
    if value.dtype != np.dtype(spec.dtype):
        raise InputError(f"{where} must be {spec.dtype}, found {value.dtype} ({spec.meaning})")
    if value.shape != spec.shape:
        hint = ""
        if value.shape[1:] == spec.shape[1:]:
            hint = f": the artifact was exported for batches of {spec.shape[0]}"
        raise InputError(f"{where} must have the shape {spec.shape}, found {value.shape}{hint}")
    if not np.isfinite(value).all():
        raise InputError(f"{where} holds NaN or infinite values")
    low, high = float(value.min()), float(value.max())
    below = spec.low is not None and low < spec.low - RANGE_TOLERANCE
    above = spec.high is not None and high > spec.high + RANGE_TOLERANCE
    if below or above:
        raise InputError(
            f"{where} must lie in {_interval(spec)}, found values from {low:g} to {high:g} ({spec.meaning})"
        )
    return np.ascontiguousarray(value)


def _interval(spec: TensorSpec) -> str:
    """Return a tensor's range as words: `[0, 1]`, or `[0, ...` without an upper end."""
    low = "..." if spec.low is None else f"[{spec.low:g}"
    return f"{low}, {'...' if spec.high is None else f'{spec.high:g}]'}"
