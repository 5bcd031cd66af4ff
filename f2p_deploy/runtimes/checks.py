"""The check of a graph's input arrays."""

from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.system.errors import InputError

#: How far an input may lie outside its range, for rounding.
RANGE_TOLERANCE = 1e-3


def check_input(graph: str, spec: TensorSpec, value: Any) -> np.ndarray:
    """Return an input as a contiguous array, after checking it against the manifest.

    Args:
        graph: the graph's name, for the error message.
        spec: the tensor's entry in the manifest.
        value: the input.

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
    """Return a tensor's range as text: `[0, 1]`, or `[0, ...` without an upper end."""
    low = "..." if spec.low is None else f"[{spec.low:g}"
    return f"{low}, {'...' if spec.high is None else f'{spec.high:g}]'}"
