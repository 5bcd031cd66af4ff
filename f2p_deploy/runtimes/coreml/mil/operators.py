"""The operators of Core ML's ML Programs, in PyTorch, as coremltools' MIL reference defines them.

Each takes its inputs by name, tensors and constants alike, and returns a float32 result. The interpreter rounds it to
the declared type.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from f2p_deploy.system.errors import InputError

#: Inputs by name: tensors, lists of tensors, or strings. Optional inputs may be absent.
Inputs = Mapping[str, Any]
Operator = Callable[[Inputs], Any]

OPERATORS: dict[str, Operator] = {}

#: The numbers of bits of places in a lookup table of iOS 16, by the number of its values.
TABLES = {2: 1, 4: 2, 16: 4, 64: 6, 256: 8}


def _operator(*names: str) -> Callable[[Operator], Operator]:
    def register(operator: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, operator))
        return operator

    return register


def _elementwise(name: str, compute: Callable[..., torch.Tensor], *names: str) -> None:
    OPERATORS[name] = lambda inputs: compute(*(inputs[one] for one in names))


_BINARY: dict[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "real_div": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
}
_UNARY: dict[str, Callable[..., torch.Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "sqrt": torch.sqrt,
    "sign": torch.sign,
    "abs": torch.abs,
    "identity": torch.clone,
    "logical_not": torch.logical_not,
}
for _name, _compute in _BINARY.items():
    _elementwise(_name, _compute, "x", "y")
for _name, _compute in _UNARY.items():
    _elementwise(_name, _compute, "x")


@_operator("cast")
def _cast(inputs: Inputs) -> torch.Tensor:
    kinds = {"fp32": torch.float32, "fp16": torch.float32, "int32": torch.int32, "bool": torch.bool}
    if inputs["dtype"] not in kinds:
        raise InputError(f"the reference interpreter casts to {', '.join(kinds)}, the program to {inputs['dtype']}")
    return inputs["x"].to(kinds[inputs["dtype"]])


@_operator("clip")
def _clip(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].clamp(float(inputs["alpha"]), float(inputs["beta"]))


@_operator("select")
def _select(inputs: Inputs) -> torch.Tensor:
    return torch.where(inputs["cond"], inputs["a"], inputs["b"])


@_operator("fill_like")
def _fill_like(inputs: Inputs) -> torch.Tensor:
    return torch.full_like(inputs["ref_tensor"], float(inputs.get("value", 0.0)))


@_operator("softmax")
def _softmax(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].softmax(int(inputs["axis"]))


@_operator("conv")
def _conv(inputs: Inputs) -> torch.Tensor:
    x, weight = inputs["x"], inputs["weight"]
    top, bottom, left, right = _pads(inputs)
    padded = F.pad(x, (left, right, top, bottom))
    strides, dilations = _numbers(inputs, "strides", [1, 1]), _numbers(inputs, "dilations", [1, 1])
    return F.conv2d(padded, weight, inputs.get("bias"), strides, 0, dilations, int(inputs.get("groups", 1)))


@_operator("conv_transpose")
def _conv_transpose(inputs: Inputs) -> torch.Tensor:
    x, weight = inputs["x"], inputs["weight"]
    strides, dilations = _numbers(inputs, "strides", [1, 1]), _numbers(inputs, "dilations", [1, 1])
    pads = _pads(inputs)
    whole = F.conv_transpose2d(x, weight, None, strides, 0, 0, int(inputs.get("groups", 1)), dilations)
    size = [whole.shape[2] - pads[0] - pads[1], whole.shape[3] - pads[2] - pads[3]]
    if "output_shape" in inputs:
        size = [int(number) for number in inputs["output_shape"]][-2:]
    # An output larger than the kernels reach is padded with zeros, to which the bias is also added.
    beyond = [max(0, pads[2 * axis] + size[axis] - whole.shape[2 + axis]) for axis in (0, 1)]
    whole = F.pad(whole, (0, beyond[1], 0, beyond[0]))
    output = whole[:, :, pads[0] : pads[0] + size[0], pads[2] : pads[2] + size[1]]
    bias = inputs.get("bias")
    return output if bias is None else output + bias.reshape(1, -1, 1, 1)


@_operator("linear")
def _linear(inputs: Inputs) -> torch.Tensor:
    return F.linear(inputs["x"], inputs["weight"], inputs.get("bias"))


@_operator("matmul")
def _matmul(inputs: Inputs) -> torch.Tensor:
    x = inputs["x"].mT if inputs.get("transpose_x", False) else inputs["x"]
    return x @ (inputs["y"].mT if inputs.get("transpose_y", False) else inputs["y"])


@_operator("batch_norm")
def _batch_norm(inputs: Inputs) -> torch.Tensor:
    x = inputs["x"]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    scale = (inputs["variance"] + float(inputs.get("epsilon", 1e-5))).rsqrt()
    if inputs.get("gamma") is not None:
        scale = scale * inputs["gamma"]
    normalised = (x - inputs["mean"].reshape(shape)) * scale.reshape(shape)
    return normalised if inputs.get("beta") is None else normalised + inputs["beta"].reshape(shape)


@_operator("max_pool")
def _max_pool(inputs: Inputs) -> torch.Tensor:
    top, bottom, left, right = _whole_pads(inputs)
    padded = F.pad(inputs["x"], (left, right, top, bottom), value=float("-inf"))
    return F.max_pool2d(padded, _numbers(inputs, "kernel_sizes", []), _numbers(inputs, "strides", [1, 1]))


@_operator("avg_pool")
def _avg_pool(inputs: Inputs) -> torch.Tensor:
    pads = _whole_pads(inputs)
    if any(pads) and bool(inputs.get("exclude_padding_from_average", False)):
        raise InputError("the reference interpreter has no average pooling that excludes its padding")
    top, bottom, left, right = pads
    padded = F.pad(inputs["x"], (left, right, top, bottom))
    return F.avg_pool2d(padded, _numbers(inputs, "kernel_sizes", []), _numbers(inputs, "strides", [1, 1]))


@_operator("reduce_sum")
def _reduce_sum(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].sum(_axes(inputs), keepdim=bool(inputs.get("keep_dims", False)))


@_operator("reduce_mean")
def _reduce_mean(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].mean(_axes(inputs), keepdim=bool(inputs.get("keep_dims", False)))


@_operator("split")
def _split(inputs: Inputs) -> tuple[torch.Tensor, ...]:
    axis = int(inputs["axis"])
    if "split_sizes" in inputs:
        return inputs["x"].split(_numbers(inputs, "split_sizes", []), axis)
    return inputs["x"].tensor_split(int(inputs["num_splits"]), axis)


@_operator("concat")
def _concat(inputs: Inputs) -> torch.Tensor:
    if bool(inputs.get("interleave", False)):
        raise InputError("the reference interpreter has no interleaving concat")
    return torch.cat(list(inputs["values"]), int(inputs["axis"]))


@_operator("stack")
def _stack(inputs: Inputs) -> torch.Tensor:
    return torch.stack(list(inputs["values"]), int(inputs["axis"]))


@_operator("reshape")
def _reshape(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].reshape(_numbers(inputs, "shape", []))


@_operator("expand_dims")
def _expand_dims(inputs: Inputs) -> torch.Tensor:
    x = inputs["x"]
    axes = _numbers(inputs, "axes", [])
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@_operator("squeeze")
def _squeeze(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].squeeze(_numbers(inputs, "axes", [])) if "axes" in inputs else inputs["x"].squeeze()


@_operator("transpose")
def _transpose(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].permute(_numbers(inputs, "perm", []))


@_operator("tile")
def _tile(inputs: Inputs) -> torch.Tensor:
    return inputs["x"].tile(_numbers(inputs, "reps", []))


@_operator("crop")
def _crop(inputs: Inputs) -> torch.Tensor:
    (top, bottom), (left, right) = _numbers(inputs, "crop_height", []), _numbers(inputs, "crop_width", [])
    x = inputs["x"]
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@_operator("pad")
def _pad(inputs: Inputs) -> torch.Tensor:
    numbers = _numbers(inputs, "pad", [])
    if inputs.get("mode", "constant") != "constant":
        raise InputError(f"the reference interpreter pads only with constants, the program asks for {inputs['mode']}")
    pairs = [numbers[i : i + 2] for i in range(0, len(numbers), 2)]
    return F.pad(inputs["x"], [number for pair in pairs[::-1] for number in pair], value=float(inputs["constant_val"]))


@_operator("slice_by_index")
def _slice_by_index(inputs: Inputs) -> torch.Tensor:
    x = inputs["x"]
    rank = x.ndim
    begin, end = _numbers(inputs, "begin", []), _numbers(inputs, "end", [])
    steps = _numbers(inputs, "stride", [1] * rank)
    masks = {name: _numbers(inputs, name, [0] * rank) for name in ("begin_mask", "end_mask", "squeeze_mask")}
    places: list[slice | int] = []
    for axis in range(rank):
        if steps[axis] < 1:
            raise InputError("the reference interpreter has no slices with a negative or zero stride")
        if masks["squeeze_mask"][axis]:
            places.append(begin[axis])
            continue
        first = None if masks["begin_mask"][axis] else begin[axis]
        last = None if masks["end_mask"][axis] else end[axis]
        places.append(slice(first, last, steps[axis]))
    return x[tuple(places)]


@_operator("constexpr_affine_dequantize")
def _affine_dequantize(inputs: Inputs) -> torch.Tensor:
    """Dequantise 8-bit weights with one scale per channel (iOS 16)."""
    data, axis = inputs["quantized_data"], int(inputs["axis"])
    shape = [-1 if i == axis else 1 for i in range(data.ndim)]
    scale, zero = (inputs[name].float() for name in ("scale", "zero_point"))
    if scale.ndim:
        scale = scale.reshape(shape)
    if zero.ndim:
        zero = zero.reshape(shape)
    return (data.float() - zero) * scale


@_operator("constexpr_blockwise_shift_scale")
def _blockwise_shift_scale(inputs: Inputs) -> torch.Tensor:
    """Dequantise 8-bit weights with one scale per block (iOS 18)."""
    data, scale = inputs["data"].float(), inputs["scale"].float()
    for axis in range(data.ndim):
        scale = scale.repeat_interleave(data.shape[axis] // scale.shape[axis], axis)
    offset = inputs.get("offset")
    if offset is not None:
        offset = offset.float()
        for axis in range(data.ndim):
            offset = offset.repeat_interleave(data.shape[axis] // offset.shape[axis], axis)
        data = data - offset
    return data * scale


@_operator("constexpr_lut_to_dense")
def _lut_to_dense(inputs: Inputs) -> torch.Tensor:
    """Look up weights in one table, with packed places (iOS 16), or in a table for each block of weights (iOS 18)."""
    table, places = inputs["lut"].float(), inputs["indices"].long()
    if "shape" in inputs:
        if len(table) not in TABLES:
            sizes = ", ".join(map(str, TABLES))
            raise InputError(f"lookup tables of iOS 16 have {sizes} values, the program's has {len(table)}")
        shape = [int(size) for size in inputs["shape"]]
        return table[_unpacked(places, TABLES[len(table)], math.prod(shape))].reshape(shape)
    if table.shape[-1] != 1:
        raise InputError("the reference interpreter reads lookup tables of scalars, the program's has vectors")
    which = torch.zeros(1, dtype=torch.long)
    for axis in range(places.ndim):
        parts = table.shape[axis]
        part = torch.arange(places.shape[axis]) // (places.shape[axis] // parts)
        which = which.unsqueeze(-1) * parts + part
    return table.reshape(-1, table.shape[-2])[which.reshape(places.shape), places]


def _unpacked(packed: torch.Tensor, bits: int, count: int) -> torch.Tensor:
    """Return numbers whose bits follow one another through the bytes, from the least significant on.

    Args:
        packed: (B,) int64 bytes.
        bits: of a number.
        count: of numbers.
    """
    each = (packed[:, None] >> torch.arange(8)) & 1
    if each.numel() < bits * count:
        raise InputError(f"a weight of the program has {len(packed)} bytes of places, too few for {count} numbers")
    return (each.reshape(-1)[: bits * count].reshape(count, bits) << torch.arange(bits)).sum(dim=1)


def _numbers(inputs: Inputs, name: str, default: list[int]) -> list[int]:
    """Return a constant vector as a list of integers."""
    value = inputs.get(name)
    return default if value is None else [int(number) for number in value]


def _axes(inputs: Inputs) -> list[int]:
    return _numbers(inputs, "axes", list(range(inputs["x"].ndim)))


def _whole_pads(inputs: Inputs) -> list[int]:
    if bool(inputs.get("ceil_mode", False)):
        raise InputError("the reference interpreter has no pooling with ceil_mode")
    return _pads(inputs)


def _pads(inputs: Inputs) -> list[int]:
    """Return the padding at the top, bottom, left and right."""
    kind = inputs.get("pad_type", "valid")
    if kind == "custom":
        return _numbers(inputs, "pad", [0, 0, 0, 0])
    if kind == "valid":
        return [0, 0, 0, 0]
    raise InputError(f"the reference interpreter has the paddings custom and valid, the program asks for {kind!r}")
