"""Rules that express the ATen operators of PyTorch's backward pass by operators that every inference compiler has.

There is one rule for each ATen operator, with the same signature. A rule raises for arguments for which it is not
exact.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch._decomp import core_aten_decompositions, get_decompositions

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
    full = [
        (grad.shape[2 + i] - 1) * stride[i] + dilation[i] * (weight.shape[2 + i] - 1) + 1 for i in range(len(stride))
    ]
    missing = [x.shape[2 + i] + 2 * padding[i] - full[i] for i in range(len(stride))]
    odd = any(size % 2 for size in weight.shape[2:])
    if any(padding) and not (odd and any(step > 1 for step in stride)):
        result = aten.convolution(grad, weight, None, stride, padding, dilation, True, missing, groups)
        return result, None, None
    # The same in another form: without padding, then cut. It is one of the forms in which the step is right in ONNX
    # Runtime's WebGPU kernels, too, and Core ML supports an output padding only together with a padding.
    whole = aten.convolution(grad, weight, None, stride, [0, 0], dilation, True, [0, 0], groups)
    whole = _grown(whole, [max(0, missing[i] - padding[i]) for i in range(len(stride))])
    return _cut(whole, padding, x.shape[2:]), None, None


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

    The positions of the window are visited in turn: the first that equals the maximum takes the gradient. Then the
    parts are put back in place, and added where windows overlap.
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
            rest = rest - parts[-1]  # exact: x - x or x - 0; litert-torch 0.10 crashes on a long chain of `where`
    laid = _laid(parts, (rows, columns), (down, right), padded.shape[2:])
    return _cut(laid, (top, left), x.shape[2:])


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
    """Spread each window's gradient evenly over it."""
    (rows, columns), (down, right) = _pair(kernel), _pair(stride or kernel)
    if any(padding) or ceil_mode or divisor is not None:
        raise _refusal("avg_pool2d", "padding, ceil_mode and divisor_override")
    part = grad * (1.0 / (rows * columns))
    return _laid([part] * (rows * columns), (rows, columns), (down, right), x.shape[2:])


def upsample_nearest2d(
    x: torch.Tensor, output_size: Sizes, scales_h: float | None = None, scales_w: float | None = None
) -> torch.Tensor:
    """Repeat every pixel a whole number of times."""
    factors = _whole_factors(x.shape[2:], output_size)
    return _interleaved([[x] * factors[1]] * factors[0], factors)


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


def _cut(x: torch.Tensor, first: Sizes, size: Sizes) -> torch.Tensor:
    """Return `size` rows and columns from the position `first`; `x` itself if these are all."""
    if not any(first) and tuple(x.shape[2:]) == tuple(size):
        return x
    return x[:, :, first[0] : first[0] + size[0], first[1] : first[1] + size[1]]


def _interleaved(parts: Sequence[Sequence[torch.Tensor]], grid: Sizes) -> torch.Tensor:
    """Put images between each other: those (N, C, H, W) of a grid of r rows and c columns become (N, C, H r, W c).

    Only concatenation, padding and reshaping, which every runtime has; a transposed convolution with one-hot kernels
    would do the same, but with it the step was wrong in ONNX Runtime's WebGPU kernels.

    Args:
        parts: the images by row and column; where the last ones of a row, or the last rows, are missing, zeros lie.
        grid: rows and columns.
    """
    batch, channels, high, wide = parts[0][0].shape
    rows, columns = grid
    lines = []
    for row in parts:
        line = _joined([part.reshape(batch * channels, high, wide, 1) for part in row], 3)
        line = F.pad(line, (0, columns - len(row))) if len(row) < columns else line
        lines.append(line.reshape(batch * channels, high, 1, wide * columns))
    stacked = _joined(lines, 2)
    stacked = F.pad(stacked, (0, 0, 0, rows - len(parts))) if len(parts) < rows else stacked
    return stacked.reshape(batch, channels, high * rows, wide * columns)


def _joined(parts: Sequence[torch.Tensor], dim: int) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=dim)


def _laid(parts: Sequence[torch.Tensor], window: Sizes, stride: Sizes, size: Sizes) -> torch.Tensor:
    """Put the parts of pooling windows back in place and add them where windows overlap.

    Args:
        parts: for each position of the window in row order, the values (N, C, H, W) of all windows.
        window, stride: rows and columns.
        size: rows and columns of the result; nothing lies beyond the last window but zeros.
    """
    (rows, columns), (down, right) = window, stride
    placed = []
    for top, left in itertools.product(range(0, rows, down), range(0, columns, right)):
        # The positions of one block of a window, as large as the stride, overlap with no other window's.
        below, beside = min(top + down, rows), min(left + right, columns)
        block = [[parts[i * columns + j] for j in range(left, beside)] for i in range(top, below)]
        placed.append(_placed(_interleaved(block, stride), (top, left), size))
    return functools.reduce(torch.add, placed)


def _placed(x: torch.Tensor, first: Sizes, size: Sizes) -> torch.Tensor:
    """Surround an image with zeros so that it begins at `first` in a picture of `size`; what lies beyond is cut off."""
    kept = [min(x.shape[2 + i], size[i] - first[i]) for i in (0, 1)]
    x = _cut(x, (0, 0), kept)
    after = [size[i] - first[i] - kept[i] for i in (0, 1)]
    return F.pad(x, (first[1], after[1], first[0], after[0])) if any((*first, *after)) else x
