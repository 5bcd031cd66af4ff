"""What PyTorch's autograd calls on the way back, said with operators that every inference compiler has.

One rule an ATen operator, with that operator's own signature. A rule refuses what it is not exact for.
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

#: Pads what maxima are looked for in. It is only ever compared, so rounding it to half precision does no harm.
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
    """The input's gradient: a transposed convolution with the same weight, and the other way round."""
    if mask[1] or mask[2]:
        raise _refusal("convolution", "the gradient of a weight; freeze it with requires_grad_(False)")
    if not mask[0]:
        raise _refusal("convolution", "no gradient of its input")
    if transposed:
        # What the output padding added never saw the input, so the rows beyond the last tap are not read.
        return aten.convolution(grad, weight, None, stride, padding, dilation, False, [0, 0], groups), None, None
    missing = [
        x.shape[2 + i]
        - ((grad.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight.shape[2 + i] - 1) + 1)
        for i in range(len(stride))
    ]
    if any(padding):
        given = aten.convolution(grad, weight, None, stride, padding, dilation, True, missing, groups)
    else:  # the same, in the words of Core ML: it takes an output padding only together with a padding
        given = aten.convolution(grad, weight, None, stride, padding, dilation, True, [0] * len(missing), groups)
        given = _grown(given, missing)
    return given, None, None


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
    """Each window's gradient goes to its first maximum, row by row, as PyTorch's does; windows may overlap.

    Every place of the window is looked at in turn: what is the maximum takes what is left of the gradient. The parts
    are then laid back, and added where windows overlap, by one transposed convolution with one-hot kernels.
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
            place = padded[:, :, i : i + down * (high - 1) + 1 : down, j : j + right * (wide - 1) + 1 : right]
            hit = place == maximum
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
    """Each window's gradient spread evenly over it: a transposed convolution with constant kernels."""
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
    """Every pixel repeated a whole number of times: a transposed convolution with kernels of ones."""
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
    """The sum over each pixel's repetitions."""
    down, right = _whole_factors(input_size[2:], output_size)
    return aten.avg_pool2d(grad, [down, right]) * (down * right)


def slice_backward(grad: torch.Tensor, sizes: Sizes, dim: int, start: int, end: int, step: int) -> torch.Tensor:
    """Zeros around what was cut out."""
    if step != 1:
        raise _refusal("slice", "a step")
    length = sizes[dim]
    first, last = (max(0, min(length, at + length if at < 0 else at)) for at in (start, end))
    after_dim = len(sizes) - 1 - dim % len(sizes)
    return F.pad(grad, [0, 0] * after_dim + [first, length - max(first, last)])


def linalg_vector_norm(
    x: torch.Tensor, ord: float = 2, dim: Sizes | None = None, keepdim: bool = False, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """The Euclidean norm as it is written."""
    if ord != 2 or dtype is not None:
        raise _refusal("linalg_vector_norm", "orders but 2 and other dtypes")
    return (x * x).sum(dim=tuple(range(x.dim())) if dim is None else tuple(dim), keepdim=keepdim).sqrt()


#: PyTorch's decompositions into core ATen, and above them the rules of this file.
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


# Made by NumPy and cached: the tracer then takes them for weights, stored once, rather than for computations.
@lru_cache(maxsize=64)
def _one_hot_kernels(channels: int, rows: int, columns: int, dtype: torch.dtype) -> torch.Tensor:
    """(channels * rows * columns, 1, rows, columns): one kernel for each place of a window."""
    return _constant(np.tile(np.eye(rows * columns).reshape(-1, 1, rows, columns), (channels, 1, 1, 1)), dtype)


@lru_cache(maxsize=64)
def _even_kernels(channels: int, rows: int, columns: int, value: float, dtype: torch.dtype) -> torch.Tensor:
    """(channels, 1, rows, columns) of one value."""
    return _constant(np.full((channels, 1, rows, columns), value), dtype)


def _constant(values: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    with unset_fake_temporarily():
        return torch.from_numpy(values.astype(str(dtype).removeprefix("torch.")))
