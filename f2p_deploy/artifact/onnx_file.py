"""Inspect an ONNX file from its structure, without PyTorch and without loading weights."""

import hashlib
import math
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto


def read_structure(path: Path) -> "ModelProto":
    """Read a model without the weights that are in files beside it.

    Raises:
        InputError: the file cannot be read, or is not ONNX.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, format="protobuf", load_external_data=False)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except DecodeError as error:
        raise InputError(f"{path} is not ONNX, or cut short") from error
    # Protobuf parses many short files, such as an empty one, as a message without fields.
    if not (model.ir_version and model.graph.node and model.graph.output):
        raise InputError(f"{path} is not ONNX: it holds no graph")
    return model


def load_failures() -> tuple[type[Exception], ...]:
    """Return the exceptions that ONNX Runtime raises if it cannot load a model; they have no common base class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        *(state.Fail, state.EPFail, state.InvalidGraph, state.InvalidProtobuf),
        *(state.InvalidArgument, state.NotImplemented),
    )


def operators(model: "ModelProto") -> dict[str, int]:
    """Return the number of nodes of each operator, most frequent first."""
    return dict(Counter(node.op_type for node in model.graph.node).most_common())


def layers_in_8_bits(model: "ModelProto") -> tuple[str, ...]:
    """Return the names of the nodes with quantised 8-bit weights, in the model's order."""
    from onnx import TensorProto

    stored = {weight.name for weight in model.graph.initializer if weight.data_type == TensorProto.INT8}
    rounded = {
        node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear" and node.input[0] in stored
    }
    return tuple(node.name for node in model.graph.node if len(node.input) > 1 and node.input[1] in rounded)


def precision_of(model: "ModelProto", kept_float32: Collection[str] = ()) -> str:
    """Return the precision of a model's weights.

    It is `int4` if weights are packed into codes of 3 to 12 bits, `int8` if any layer computes in 8 bits, else `fp32`,
    `fp16` or `mixed`. Weights that are stored in float16 but cast to float32 before use count as float32.

    Args:
        model: the structure; the weights may be in another file.
        kept_float32: names of nodes that stay float32 on purpose; weights that only they read are ignored.
    """
    from onnx import TensorProto

    if _has_codes(model):
        return "int4"
    if layers_in_8_bits(model):
        return "int8"
    names = {TensorProto.FLOAT: "fp32", TensorProto.FLOAT16: "fp16", TensorProto.INT8: "int8"}
    # Vectors (biases, scales) may stay in a wider type on purpose; only matrices and kernels count.
    used = {name for node in model.graph.node if node.name not in kept_float32 for name in node.input}
    matrices = [weight for weight in model.graph.initializer if len(weight.dims) > 1 and weight.name in used]
    widened = stored_in_float16(model)
    kinds = {names[weight.data_type] for weight in matrices if weight.data_type in names and weight.name not in widened}
    kinds |= {"fp32"} if widened else set()
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _has_codes(model: "ModelProto") -> bool:
    """Return whether weights are computed from uint8 codes."""
    from onnx import TensorProto

    codes = {weight.name for weight in model.graph.initializer if weight.data_type == TensorProto.UINT8}
    readers = (node for node in model.graph.node if node.op_type in ("BitwiseAnd", "BitShift", "Cast"))
    return any(node.input[0] in codes for node in readers)


def stored_in_float16(model: "ModelProto") -> frozenset[str]:
    """Return the names of the float16 weights that are only read by casts to float32."""
    from onnx import TensorProto

    halves = {weight.name for weight in model.graph.initializer if weight.data_type == TensorProto.FLOAT16}
    cast: set[str] = set()
    for node in model.graph.node:
        wide = any(entry.name == "to" and entry.i == TensorProto.FLOAT for entry in node.attribute)
        if node.op_type == "Cast" and wide:
            cast.update(halves.intersection(node.input))
        else:
            halves.difference_update(node.input)
    return frozenset(halves & cast)


def weights(model: "ModelProto") -> dict[str, dict[str, int]]:
    """Return the `tensors`, `values` and `bytes` of the weights by dtype (NumPy's name), most bytes first.

    Equal weights count once, since an artifact stores them once.
    """
    from onnx.helper import tensor_dtype_to_np_dtype

    counts: dict[str, dict[str, int]] = {}
    seen = set()
    for weight in model.graph.initializer:
        place = tuple((entry.key, entry.value) for entry in weight.external_data)
        content = place or hashlib.sha256(weight.raw_data or weight.name.encode()).digest()
        if (weight.data_type, tuple(weight.dims), content) in seen:
            continue
        seen.add((weight.data_type, tuple(weight.dims), content))
        dtype = tensor_dtype_to_np_dtype(weight.data_type)
        entry = counts.setdefault(str(dtype), {"tensors": 0, "values": 0, "bytes": 0})
        values = math.prod(weight.dims)
        entry["tensors"] += 1
        entry["values"] += values
        entry["bytes"] += values * dtype.itemsize
    return dict(sorted(counts.items(), key=lambda item: -item[1]["bytes"]))


def external_files(model: "ModelProto") -> tuple[str, ...]:
    """Return the names of the files beside a model that hold its external weights."""
    entries = (entry for weight in model.graph.initializer for entry in weight.external_data)
    return tuple(sorted({entry.value for entry in entries if entry.key == "location"}))


def tensors(model: "ModelProto") -> dict[str, list[dict[str, Any]]]:
    """Return `inputs` and `outputs`, each with name, dtype and shape; a dynamic axis is its name, or None."""
    stored = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    return {"inputs": [_tensor(value) for value in inputs], "outputs": [_tensor(value) for value in model.graph.output]}


def _tensor(value: "ValueInfoProto") -> dict[str, Any]:
    from onnx.helper import tensor_dtype_to_np_dtype

    kind = value.type.tensor_type
    shape = [
        dimension.dim_value if dimension.HasField("dim_value") else dimension.dim_param or None
        for dimension in kind.shape.dim
    ]
    return {"name": value.name, "dtype": str(tensor_dtype_to_np_dtype(kind.elem_type)), "shape": shape}
