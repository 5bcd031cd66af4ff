"""Quantise float32 ONNX: insert explicit QuantizeLinear and DequantizeLinear nodes around chosen layers.

Weights are int8, symmetric, with a scale for each output channel. The input of a convolution is 8-bit with one scale.
Matrix-vector products quantise weights only: they are limited by reading the weights, so quantising the input costs
accuracy without saving time. Other requirements differ between compilers (`Scheme`). onnxruntime's own quantizer
supports neither transposed convolutions nor rectified values with a symmetric scale; both stay unfused on processors.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.export.calibration.ranges import SIGNED_STEPS, UNSIGNED_STEPS, Range
from f2p_deploy.export.float16.convert_float16 import value_infos
from f2p_deploy.export.onnx.transposed import splittable, with_convolutions
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, TypeProto

#: The layers that can compute in 8 bits, and the axis of their weights' output channels.
LAYERS = {"Conv": 0, "ConvTranspose": 1, "Gemm": 0}

#: The first operator set that allows float16 scales, which graphs with a half-precision rest need.
OPSET = 19

#: Smallest scale of a channel; smaller weights are treated as zero.
SMALLEST_SCALE = 1e-8


@dataclass(frozen=True)
class Scheme:
    """The requirements of a compiler for computing a layer in 8 bits.

    Args:
        unsigned: activations are uint8 (zero point 0 if there are no negative values, else 128); otherwise int8 without
            a zero point.
        results: the result of a layer is quantised as well, and its bias is int32; otherwise both stay float.
        transposed: transposed convolutions can compute in 8 bits; otherwise they are rewritten as convolutions.
        fewest_channels: convolutions with fewer input or output channels stay float.
    """

    unsigned: bool
    results: bool
    transposed: bool
    fewest_channels: int


#: ONNX Runtime has 8-bit kernels for unsigned activations and for layers between two quantisations, but none for
#: transposed convolutions; with an image's one or three channels they are slower than float32. OpenVINO takes any.
FOR_PROCESSORS = Scheme(unsigned=True, results=True, transposed=False, fewest_channels=4)

#: TensorRT requires "symmetric quantization", int8, before the inputs of layers; tensor cores process 16 channels at a
#: time.
FOR_TENSORRT = Scheme(unsigned=False, results=False, transposed=True, fewest_channels=16)


@dataclass(frozen=True)
class Int8Layer:
    """One layer that can compute in 8 bits.

    Args:
        name: the node's name.
        kind: the operator.
        source: name of the value that it reads.
        result: name of the value that it writes, or of the ReLU's result if a ReLU is the only reader.
        weights: number of weights.
        multiplications: for one sample.
        whole: whether the input is quantised as well; False for a vector, where only the weights are.
    """

    name: str
    kind: str
    source: str
    result: str
    weights: int
    multiplications: int
    whole: bool


def quantised_name(value: str) -> str:
    """Return the name of a value's 8-bit numbers in a quantised model."""
    return f"{value}.quantized"


def layers_of(model: "ModelProto", scheme: Scheme) -> tuple[Int8Layer, ...]:
    """Return the layers of a float32 model that can compute in 8 bits, in the model's order."""
    weights = {weight.name: weight.dims for weight in model.graph.initializer}
    kinds = {name: info.type.tensor_type for name, info in value_infos(model).items()}
    readers = _readers(model)
    layers = []
    for node in model.graph.node:
        if node.op_type not in LAYERS or len(node.input) < 2 or node.input[1] not in weights:
            continue
        dims = weights[node.input[1]]
        places = [_places(kinds[name]) for name in (node.input[0], node.output[0])]
        whole = places[0] > 1
        if not _rounded_by_channel(node) or (whole and not _has_kernel(node, dims, scheme)):
            continue
        after = readers.get(node.output[0], [])
        rectified = len(after) == 1 and after[0].op_type == "Relu"
        result = after[0].output[0] if rectified else node.output[0]
        weights_used = math.prod(dims)
        times = places[0] if node.op_type == "ConvTranspose" else places[1]
        sizes = weights_used, weights_used * times
        layers.append(Int8Layer(node.name, node.op_type, node.input[0], result, *sizes, whole))
    return tuple(layers)


def _places(kind: "TypeProto.Tensor") -> int:
    """Return the number of pixels of a value; 1 for a vector."""
    return math.prod(dim.dim_value for dim in kind.shape.dim[2:])


def _rounded_by_channel(node: "NodeProto") -> bool:
    """Return whether the axis in `LAYERS` is that of the output channels."""
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    if node.op_type == "Gemm":
        return attributes.get("transB", 0) == 1
    return node.op_type == "Conv" or attributes.get("group", 1) == 1


def _has_kernel(node: "NodeProto", dims: Sequence[int], scheme: Scheme) -> bool:
    """Return whether a compiler has an 8-bit kernel for a layer with weights of these dimensions."""
    if min(dims[:2]) < scheme.fewest_channels:
        return False
    return scheme.transposed or node.op_type != "ConvTranspose" or splittable(node, dims)


def values_of(model: "ModelProto", layers: Collection[Int8Layer], scheme: Scheme) -> tuple[str, ...]:
    """Return the sorted names of the values that are quantised with these layers; `to_int8` needs their ranges."""
    names = {layer.source for layer in layers if layer.whole}
    if scheme.results:
        names |= {layer.result for layer in layers if layer.whole}
    return tuple(sorted(names - {output.name for output in model.graph.output}))


def to_int8(
    model: "ModelProto", layers: Collection[Int8Layer], ranges: Mapping[str, Range], scheme: Scheme
) -> "ModelProto":
    """Return a model in which some layers compute in 8 bits.

    Args:
        model: float32, simplified, nodes in topological order; not changed.
        layers: some of the layers that `layers_of` returns for the model and the scheme.
        ranges: by the name of the value; at least those of `values_of`.
        scheme: the compiler's requirements.

    Returns:
        A float32 model of the operator set `OPSET` with the same inputs and outputs. Convolutions that replace a
        transposed one are named after it.

    Raises:
        CompilerError: a range is missing.
    """
    values = values_of(model, layers, scheme)
    missing = [value for value in values if value not in ranges]
    if missing:
        raise CompilerError(f"{missing[0]} has no range: it was not calibrated")
    known = {value: ranges[value] for value in values}
    names = {layer.name for layer in layers}
    if scheme.transposed:
        return _Conversion(model, names, known, scheme).convert()
    transposed = [layer.name for layer in layers if layer.kind == "ConvTranspose" and layer.whole]
    split = with_convolutions(model, transposed)
    names = (names - set(split.parts.values())) | set(split.parts)
    known |= {new: ranges[old] for new, old in split.alike.items() if old in known}
    return _Conversion(split.model, names, known, scheme).convert()


class _Conversion:
    """The state of a conversion: the nodes so far, and the scale of every quantised value."""

    def __init__(
        self, model: "ModelProto", layers: Collection[str], ranges: Mapping[str, Range], scheme: Scheme
    ) -> None:
        self.model, self.layers, self.scheme = model, layers, scheme
        self.weights = {weight.name: weight for weight in model.graph.initializer}
        self.scales = {value: self._scale(value_range) for value, value_range in ranges.items()}
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def convert(self) -> "ModelProto":
        from onnx import ModelProto, checker, helper, shape_inference

        for info in self.model.graph.input:
            if info.name in self.scales:
                self._quantise(info.name)
        for node in self.model.graph.node:
            self._add(node)
        read = {name for node in self.nodes for name in node.input}
        converted = ModelProto(ir_version=max(self.model.ir_version, 9), opset_import=[helper.make_opsetid("", OPSET)])
        graph, before = converted.graph, self.model.graph
        graph.name = before.name
        graph.input.extend(before.input)
        graph.output.extend(before.output)
        graph.node.extend(self.nodes)
        graph.initializer.extend(weight for weight in before.initializer if weight.name in read)
        graph.initializer.extend(self.constants.values())
        checker.check_model(converted)
        return shape_inference.infer_shapes(converted, check_type=True, strict_mode=True)

    def _add(self, node: "NodeProto") -> None:
        copy = type(node)()
        copy.CopyFrom(node)
        copy.input[:] = [f"{name}.dequantized" if name in self.scales else name for name in node.input]
        if node.name in self.layers:
            copy.input[1], scales = self._weight(node)
            if self.scheme.results and len(node.input) > 2 and node.input[0] in self.scales:
                copy.input[2] = self._bias(node, scales * self.scales[node.input[0]][0])
        self.nodes.append(copy)
        for name in node.output:
            if name in self.scales:
                self._quantise(name)

    def _scale(self, value_range: Range) -> tuple[np.float32, np.ndarray]:
        """Return the scale and the zero point of a range."""
        if self.scheme.unsigned:
            steps, zero = (SIGNED_STEPS, 128) if value_range.signed else (UNSIGNED_STEPS, 0)
            return _step(value_range.limit / steps), np.array(zero, np.uint8)
        return _step(value_range.limit / SIGNED_STEPS), np.array(0, np.int8)

    def _quantise(self, name: str) -> None:
        """Append the nodes that quantise a value and dequantise it as `<name>.dequantized`."""
        from onnx import helper

        scale, zero = self.scales[name]
        constants = [self._constant(f"{name}.scale", np.array(scale)), self._constant(f"{name}.zero", zero)]
        for kind, source, result in (
            ("QuantizeLinear", name, quantised_name(name)),
            ("DequantizeLinear", quantised_name(name), f"{name}.dequantized"),
        ):
            self.nodes.append(helper.make_node(kind, [source, *constants], [result], name=f"{name}.{kind}"))

    def _weight(self, node: "NodeProto") -> tuple[str, np.ndarray]:
        """Return the name of a layer's quantised weights, and their scales, one for each channel."""
        from onnx import numpy_helper

        name, axis = node.input[1], LAYERS[node.op_type]
        values = numpy_helper.to_array(self.weights[name]).astype(np.float32)
        channels = np.moveaxis(values, axis, 0)
        largest = np.abs(channels.reshape(len(channels), -1)).max(axis=1)
        scales = np.array([_step(max(value / SIGNED_STEPS, SMALLEST_SCALE)) for value in largest], np.float32)
        along = scales.reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        rounded = np.clip(np.rint(values / along), -SIGNED_STEPS, SIGNED_STEPS).astype(np.int8)
        # On processors without 8-bit dot products ONNX Runtime replaces each layer's weights by unsigned ones, and
        # refuses a graph in which two layers read the same constant. Equal constants are stored once in the artifact.
        owner = f"{node.name}." if self.scheme.unsigned else ""
        return self._dequantised(f"{owner}{name}.{axis}", rounded, scales, axis), scales

    def _bias(self, node: "NodeProto", scales: np.ndarray) -> str:
        """Return the name of a layer's quantised bias; `scales` are those of the layer's products."""
        from onnx import numpy_helper

        name = node.input[2]
        values = numpy_helper.to_array(self.weights[name]).astype(np.float64)
        limit = np.iinfo(np.int32).max
        rounded = np.clip(np.rint(values / scales), -limit, limit).astype(np.int32)
        # Layers may share a bias, but they have different inputs and so different scales of it.
        return self._dequantised(f"{node.name}.{name}", rounded, scales.astype(np.float32), 0)

    def _dequantised(self, name: str, rounded: np.ndarray, scales: np.ndarray, axis: int) -> str:
        """Append the node that dequantises a constant, once for each constant."""
        from onnx import helper

        result = f"{name}.dequantized"
        if quantised_name(name) in self.constants:
            return result
        constants = [
            self._constant(quantised_name(name), rounded),
            self._constant(f"{name}.scale", scales),
            self._constant(f"{name}.zero", np.zeros(len(scales), rounded.dtype)),
        ]
        self.nodes.append(
            helper.make_node("DequantizeLinear", constants, [result], name=f"{name}.DequantizeLinear", axis=axis)
        )
        return result

    def _constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants[name] = numpy_helper.from_array(values, name)
        return name


def _step(scale: float) -> np.float32:
    """Round a scale up to a float16 number, so that graphs in half precision and in float32 quantise alike."""
    with np.errstate(over="ignore"):
        half = np.float16(scale)
    if not np.isfinite(half):
        return np.float32(scale)
    return np.float32(half if half >= scale else np.nextafter(half, np.float16(np.inf)))


def _readers(model: "ModelProto") -> dict[str, list["NodeProto"]]:
    """Return the nodes that read each value, by the value's name."""
    readers: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return readers
