"""Rules that express the ATen operators of PyTorch's backward pass by operators that every inference compiler has.

There is one rule for each ATen operator, with the same signature. A rule raises for arguments for which it is not
exact.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch._decomp import core_aten_decompositions, get_decompositions
from torch._subclasses.fake_tensor import unset_fake_temporarily

from f2p_deploy.system.errors import CompilerError

aten = torch.ops.aten

#: Padding for max pools. It is only compared, so its rounding to half precision does no harm.
LOWEST = float(torch.finfo(torch.float32).min)

Sizes = Sequence[int]


def convolution_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias_sizes: Sizes | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
    mask: Sequence[bool],
) -> tuple[torch.Tensor, None, None]:
    """Return the input's gradient: a transposed convolution with the same weight; for a transposed one, a plain one."""
    if mask[1] or mask[2]:
        raise _refusal("convolution", "the gradient of a weight; freeze it with requires_grad_(False)")
    if not mask[0]:
        raise _refusal("convolution", "no gradient of its input")
    if transposed:
        # The rows that the output padding added do not depend on the input, so they are not read.
        return aten.convolution(grad, weight, None, stride, padding, dilation, False, [0, 0], groups), None, None
    missing = [
        x.shape[2 + i]
        - ((grad.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight.shape[2 + i] - 1) + 1)
        for i in range(len(stride))
    ]
    if any(padding):
        result = aten.convolution(grad, weight, None, stride, padding, dilation, True, missing, groups)
    else:  # the same in another form, since Core ML supports an output padding only together with a padding
        result = aten.convolution(grad, weight, None, stride, padding, dilation, True, [0] * len(missing), groups)
        result = _grown(result, missing)
    return result, None, None


def max_pool2d_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    indices: torch.Tensor,
) -> torch.Tensor:
    """Send each window's gradient to its first maximum in row order, as PyTorch does; windows may overlap.

    The positions of the window are visited in turn: the first that equals the maximum takes the gradient. One
    transposed convolution with one-hot kernels then puts the parts back in place and adds them where windows overlap.
    """
    (rows, columns), (down, right), (top, left) = _pair(kernel), _pair(stride or kernel), _pair(padding)
    if ceil_mode or _pair(dilation) != (1, 1):
        raise _refusal("max_pool2d", "ceil_mode and dilation")
    batch, channels, height, width = x.shape
    high, wide = grad.shape[2:]
    maximum = F.max_pool2d(x, (rows, columns), (down, right), (top, left))
    padded = F.pad(x, (left, left, top, top), value=LOWEST) if top or left else x
    rest, parts = grad, []
    for i in range(rows):
        for j in range(columns):
            if (i, j) == (rows - 1, columns - 1):
                parts.append(rest)
                continue
            values = padded[:, :, i : i + down * (high - 1) + 1 : down, j : j + right * (wide - 1) + 1 : right]
            hit = values == maximum
            parts.append(torch.where(hit, rest, 0.0))
            rest = torch.where(hit, 0.0, rest)
    stacked = torch.stack(parts, dim=2).reshape(batch, channels * rows * columns, high, wide)
    kernels = _one_hot_kernels(channels, rows, columns, grad.dtype)
    laid = aten.convolution(stacked, kernels, None, [down, right], [0, 0], [1, 1], True, [0, 0], channels)
    missing = [padded.shape[2 + i] - laid.shape[2 + i] for i in (0, 1)]
    return _grown(laid, missing)[:, :, top : top + height, left : left + width]


def avg_pool2d_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> torch.Tensor:
    """Spread each window's gradient evenly over it: a transposed convolution with constant kernels."""
    (rows, columns), (down, right) = _pair(kernel), _pair(stride or kernel)
    if any(padding) or ceil_mode or divisor is not None:
        raise _refusal("avg_pool2d", "padding, ceil_mode and divisor_override")
    channels = x.shape[1]
    kernels = _even_kernels(channels, rows, columns, 1.0 / (rows * columns), grad.dtype)
    laid = aten.convolution(grad, kernels, None, [down, right], [0, 0], [1, 1], True, [0, 0], channels)
    return _grown(laid, [x.shape[2 + i] - laid.shape[2 + i] for i in (0, 1)])


def upsample_nearest2d(
    x: torch.Tensor, output_size: Sizes, scales_h: float | None = None, scales_w: float | None = None
) -> torch.Tensor:
    """Repeat every pixel a whole number of times: a transposed convolution with kernels of ones."""
    down, right = _whole_factors(x.shape[2:], output_size)
    channels = x.shape[1]
    ones = _even_kernels(channels, down, right, 1.0, x.dtype)
    return aten.convolution(x, ones, None, [down, right], [0, 0], [1, 1], True, [0, 0], channels)


def upsample_nearest2d_backward(
    grad: torch.Tensor,
    output_size: Sizes,
    input_size: Sizes,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> torch.Tensor:
    """Sum the gradient over each pixel's repetitions."""
    down, right = _whole_factors(input_size[2:], output_size)
    return aten.avg_pool2d(grad, [down, right]) * (down * right)


def slice_backward(grad: torch.Tensor, sizes: Sizes, dim: int, start: int, end: int, step: int) -> torch.Tensor:
    """Pad the gradient of a slice with zeros to the size of the whole."""
    if step != 1:
        raise _refusal("slice", "a step")
    length = sizes[dim]
    first, last = (max(0, min(length, at + length if at < 0 else at)) for at in (start, end))
    after_dim = len(sizes) - 1 - dim % len(sizes)
    return F.pad(grad, [0, 0] * after_dim + [first, length - max(first, last)])


def linalg_vector_norm(
    x: torch.Tensor, ord: float = 2, dim: Sizes | None = None, keepdim: bool = False, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Return the Euclidean norm as a square root of a sum of squares."""
    if ord != 2 or dtype is not None:
        raise _refusal("linalg_vector_norm", "orders other than 2 and other dtypes")
    return (x * x).sum(dim=tuple(range(x.dim())) if dim is None else tuple(dim), keepdim=keepdim).sqrt()


#: PyTorch's decompositions into core ATen, overridden by the rules of this file.
RULES: dict[Any, Callable[..., Any]] = {
    **core_aten_decompositions(),
    **get_decompositions([aten.native_batch_norm.default]),
    aten.convolution_backward.default: convolution_backward,
    aten.max_pool2d_with_indices_backward.default: max_pool2d_backward,
    aten.avg_pool2d_backward.default: avg_pool2d_backward,
    aten.upsample_nearest2d.default: upsample_nearest2d,
    aten.upsample_nearest2d_backward.default: upsample_nearest2d_backward,
    aten.slice_backward.default: slice_backward,
    aten.linalg_vector_norm.default: linalg_vector_norm,
}


def _refusal(operator: str, what: str) -> CompilerError:
    return CompilerError(f"the gradient of {operator} is not lowered for {what}")


def _pair(sizes: Sizes) -> tuple[int, int]:
    return (sizes[0], sizes[-1])


def _grown(x: torch.Tensor, missing: Sizes) -> torch.Tensor:
    """Append rows and columns of zeros."""
    return F.pad(x, (0, missing[1], 0, missing[0])) if any(missing) else x


def _whole_factors(small: Sizes, large: Sizes) -> tuple[int, int]:
    if any(big % little for little, big in zip(small, large, strict=True)):
        raise _refusal("upsample_nearest2d", f"a factor that is not whole: {tuple(small)} to {tuple(large)}")
    return large[0] // small[0], large[1] // small[1]


# Created by NumPy and cached, so that the tracer stores them once as weights instead of tracing their computation.
@lru_cache(maxsize=64)
def _one_hot_kernels(channels: int, rows: int, columns: int, dtype: torch.dtype) -> torch.Tensor:
    """Return (channels * rows * columns, 1, rows, columns): one kernel for each position in a window."""
    return _constant(np.tile(np.eye(rows * columns).reshape(-1, 1, rows, columns), (channels, 1, 1, 1)), dtype)


@lru_cache(maxsize=64)
def _even_kernels(channels: int, rows: int, columns: int, value: float, dtype: torch.dtype) -> torch.Tensor:
    """Return (channels, 1, rows, columns) filled with one value."""
    return _constant(np.full((channels, 1, rows, columns), value), dtype)


def _constant(values: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    with unset_fake_temporarily():
        return torch.from_numpy(values.astype(str(dtype).removeprefix("torch.")))
