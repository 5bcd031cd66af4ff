"""The operators of Core ML's ML Programs, computed by PyTorch from their documents (coremltools' MIL reference).

Each takes what the program gives it by name, tensors and constants alike, and returns what it computes in float32:
rounding to the declared type is the interpreter's.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from f2p_deploy.system.errors import InputError

#: Inputs by name: tensors, lists of them, or words. What a program leaves out is absent.
Inputs = Mapping[str, Any]
Operator = Callable[[Inputs], Any]

OPERATORS: dict[str, Operator] = {}

#: Values in a table that eight bits find their place in.
TABLE = 256


def _operator(*names: str) -> Callable[[Operator], Operator]:
    def register(operator: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, operator))
        return operator

    return register


def _elementwise(name: str, compute: Callable[..., torch.Tensor], *inputs: str) -> None:
    OPERATORS[name] = lambda given: compute(*(given[one] for one in inputs))


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
def _cast(given: Inputs) -> torch.Tensor:
    kinds = {"fp32": torch.float32, "fp16": torch.float32, "int32": torch.int32, "bool": torch.bool}
    if given["dtype"] not in kinds:
        raise InputError(f"the reference interpreter casts to {', '.join(kinds)}, the program to {given['dtype']}")
    return given["x"].to(kinds[given["dtype"]])


@_operator("clip")
def _clip(given: Inputs) -> torch.Tensor:
    return given["x"].clamp(float(given["alpha"]), float(given["beta"]))


@_operator("select")
def _select(given: Inputs) -> torch.Tensor:
    return torch.where(given["cond"], given["a"], given["b"])


@_operator("fill_like")
def _fill_like(given: Inputs) -> torch.Tensor:
    return torch.full_like(given["ref_tensor"], float(given.get("value", 0.0)))


@_operator("softmax")
def _softmax(given: Inputs) -> torch.Tensor:
    return given["x"].softmax(int(given["axis"]))


@_operator("conv")
def _conv(given: Inputs) -> torch.Tensor:
    x, weight = given["x"], given["weight"]
    top, bottom, left, right = _pads(given)
    padded = F.pad(x, (left, right, top, bottom))
    strides, dilations = _numbers(given, "strides", [1, 1]), _numbers(given, "dilations", [1, 1])
    return F.conv2d(padded, weight, given.get("bias"), strides, 0, dilations, int(given.get("groups", 1)))


@_operator("conv_transpose")
def _conv_transpose(given: Inputs) -> torch.Tensor:
    x, weight = given["x"], given["weight"]
    strides, dilations = _numbers(given, "strides", [1, 1]), _numbers(given, "dilations", [1, 1])
    pads = _pads(given)
    whole = F.conv_transpose2d(x, weight, None, strides, 0, 0, int(given.get("groups", 1)), dilations)
    size = [whole.shape[2] - pads[0] - pads[1], whole.shape[3] - pads[2] - pads[3]]
    if "output_shape" in given:
        size = [int(number) for number in given["output_shape"]][-2:]
    # An output larger than what the kernels reach ends in zeros, which then get the bias as all others do.
    beyond = [max(0, pads[2 * axis] + size[axis] - whole.shape[2 + axis]) for axis in (0, 1)]
    whole = F.pad(whole, (0, beyond[1], 0, beyond[0]))
    made = whole[:, :, pads[0] : pads[0] + size[0], pads[2] : pads[2] + size[1]]
    bias = given.get("bias")
    return made if bias is None else made + bias.reshape(1, -1, 1, 1)


@_operator("linear")
def _linear(given: Inputs) -> torch.Tensor:
    return F.linear(given["x"], given["weight"], given.get("bias"))


@_operator("matmul")
def _matmul(given: Inputs) -> torch.Tensor:
    x = given["x"].mT if given.get("transpose_x", False) else given["x"]
    return x @ (given["y"].mT if given.get("transpose_y", False) else given["y"])


@_operator("batch_norm")
def _batch_norm(given: Inputs) -> torch.Tensor:
    x = given["x"]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    scale = (given["variance"] + float(given.get("epsilon", 1e-5))).rsqrt()
    if given.get("gamma") is not None:
        scale = scale * given["gamma"]
    made = (x - given["mean"].reshape(shape)) * scale.reshape(shape)
    return made if given.get("beta") is None else made + given["beta"].reshape(shape)


@_operator("max_pool")
def _max_pool(given: Inputs) -> torch.Tensor:
    top, bottom, left, right = _whole_pads(given)
    padded = F.pad(given["x"], (left, right, top, bottom), value=float("-inf"))
    return F.max_pool2d(padded, _numbers(given, "kernel_sizes", []), _numbers(given, "strides", [1, 1]))


@_operator("avg_pool")
def _avg_pool(given: Inputs) -> torch.Tensor:
    pads = _whole_pads(given)
    if any(pads) and bool(given.get("exclude_padding_from_average", False)):
        raise InputError("the reference interpreter has no average pooling that leaves its padding out")
    top, bottom, left, right = pads
    padded = F.pad(given["x"], (left, right, top, bottom))
    return F.avg_pool2d(padded, _numbers(given, "kernel_sizes", []), _numbers(given, "strides", [1, 1]))


@_operator("reduce_sum")
def _reduce_sum(given: Inputs) -> torch.Tensor:
    return given["x"].sum(_axes(given), keepdim=bool(given.get("keep_dims", False)))


@_operator("reduce_mean")
def _reduce_mean(given: Inputs) -> torch.Tensor:
    return given["x"].mean(_axes(given), keepdim=bool(given.get("keep_dims", False)))


@_operator("split")
def _split(given: Inputs) -> tuple[torch.Tensor, ...]:
    axis = int(given["axis"])
    if "split_sizes" in given:
        return given["x"].split(_numbers(given, "split_sizes", []), axis)
    return given["x"].tensor_split(int(given["num_splits"]), axis)


@_operator("concat")
def _concat(given: Inputs) -> torch.Tensor:
    if bool(given.get("interleave", False)):
        raise InputError("the reference interpreter has no interleaving concat")
    return torch.cat(list(given["values"]), int(given["axis"]))


@_operator("stack")
def _stack(given: Inputs) -> torch.Tensor:
    return torch.stack(list(given["values"]), int(given["axis"]))


@_operator("reshape")
def _reshape(given: Inputs) -> torch.Tensor:
    return given["x"].reshape(_numbers(given, "shape", []))


@_operator("expand_dims")
def _expand_dims(given: Inputs) -> torch.Tensor:
    x = given["x"]
    axes = _numbers(given, "axes", [])
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@_operator("squeeze")
def _squeeze(given: Inputs) -> torch.Tensor:
    return given["x"].squeeze(_numbers(given, "axes", [])) if "axes" in given else given["x"].squeeze()


@_operator("transpose")
def _transpose(given: Inputs) -> torch.Tensor:
    return given["x"].permute(_numbers(given, "perm", []))


@_operator("tile")
def _tile(given: Inputs) -> torch.Tensor:
    return given["x"].tile(_numbers(given, "reps", []))


@_operator("crop")
def _crop(given: Inputs) -> torch.Tensor:
    (top, bottom), (left, right) = _numbers(given, "crop_height", []), _numbers(given, "crop_width", [])
    x = given["x"]
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@_operator("pad")
def _pad(given: Inputs) -> torch.Tensor:
    numbers = _numbers(given, "pad", [])
    if given.get("mode", "constant") != "constant":
        raise InputError(f"the reference interpreter pads with constants alone, the program asks for {given['mode']}")
    pairs = [numbers[i : i + 2] for i in range(0, len(numbers), 2)]
    return F.pad(given["x"], [number for pair in pairs[::-1] for number in pair], value=float(given["constant_val"]))


@_operator("slice_by_index")
def _slice_by_index(given: Inputs) -> torch.Tensor:
    x = given["x"]
    rank = x.ndim
    begin, end = _numbers(given, "begin", []), _numbers(given, "end", [])
    steps = _numbers(given, "stride", [1] * rank)
    masks = {name: _numbers(given, name, [0] * rank) for name in ("begin_mask", "end_mask", "squeeze_mask")}
    places: list[slice | int] = []
    for axis in range(rank):
        if steps[axis] < 1:
            raise InputError("the reference interpreter slices forwards alone")
        if masks["squeeze_mask"][axis]:
            places.append(begin[axis])
            continue
        first = None if masks["begin_mask"][axis] else begin[axis]
        last = None if masks["end_mask"][axis] else end[axis]
        places.append(slice(first, last, steps[axis]))
    return x[tuple(places)]


@_operator("constexpr_affine_dequantize")
def _affine_dequantize(given: Inputs) -> torch.Tensor:
    """Eight-bit weights with a scale for each channel (iOS 16)."""
    data, axis = given["quantized_data"], int(given["axis"])
    shape = [-1 if i == axis else 1 for i in range(data.ndim)]
    scale, zero = (given[name].float() for name in ("scale", "zero_point"))
    if scale.ndim:
        scale = scale.reshape(shape)
    if zero.ndim:
        zero = zero.reshape(shape)
    return (data.float() - zero) * scale


@_operator("constexpr_blockwise_shift_scale")
def _blockwise_shift_scale(given: Inputs) -> torch.Tensor:
    """Eight-bit weights with a scale for each block (iOS 18)."""
    data, scale = given["data"].float(), given["scale"].float()
    for axis in range(data.ndim):
        scale = scale.repeat_interleave(data.shape[axis] // scale.shape[axis], axis)
    offset = given.get("offset")
    if offset is not None:
        offset = offset.float()
        for axis in range(data.ndim):
            offset = offset.repeat_interleave(data.shape[axis] // offset.shape[axis], axis)
        data = data - offset
    return data * scale


@_operator("constexpr_lut_to_dense")
def _lut_to_dense(given: Inputs) -> torch.Tensor:
    """Weights as places in a table of 256 values (iOS 16), or in tables for parts of them (iOS 18)."""
    table, places = given["lut"].float(), given["indices"].long()
    if "shape" in given:
        if len(table) != TABLE:
            raise InputError(f"the reference interpreter has tables of {TABLE} values, the program's have {len(table)}")
        return table[places].reshape([int(size) for size in given["shape"]])
    if table.shape[-1] != 1:
        raise InputError("the reference interpreter has tables of numbers, the program's are of vectors")
    which = torch.zeros(1, dtype=torch.long)
    for axis in range(places.ndim):
        parts = table.shape[axis]
        part = torch.arange(places.shape[axis]) // (places.shape[axis] // parts)
        which = which.unsqueeze(-1) * parts + part
    return table.reshape(-1, table.shape[-2])[which.reshape(places.shape), places]


def _numbers(given: Inputs, name: str, default: list[int]) -> list[int]:
    """Return a constant vector as whole numbers."""
    value = given.get(name)
    return default if value is None else [int(number) for number in value]


def _axes(given: Inputs) -> list[int]:
    return _numbers(given, "axes", list(range(given["x"].ndim)))


def _whole_pads(given: Inputs) -> list[int]:
    if bool(given.get("ceil_mode", False)):
        raise InputError("the reference interpreter has no pooling that rounds sizes up")
    return _pads(given)


def _pads(given: Inputs) -> list[int]:
    """Return how much is added on top, at the bottom, left and right."""
    kind = given.get("pad_type", "valid")
    if kind == "custom":
        return _numbers(given, "pad", [0, 0, 0, 0])
    if kind == "valid":
        return [0, 0, 0, 0]
    raise InputError(f"the reference interpreter has the paddings custom and valid, the program asks for {kind!r}")
