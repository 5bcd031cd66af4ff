"""The layers of LiteRT's files; the converter's Python reads them as well, so it imports nothing of this package."""

from pathlib import Path
from typing import Any, NamedTuple

#: The operations of layers, as LiteRT names them and as ai-edge-quantizer does.
LAYERS = {
    "CONV_2D": "CONV_2D",
    "DEPTHWISE_CONV_2D": "DEPTHWISE_CONV_2D",
    "TRANSPOSE_CONV": "CONV_2D_TRANSPOSE",
    "FULLY_CONNECTED": "FULLY_CONNECTED",
}

#: The operations that LiteRT 2.3 computes with weights of 4 bits and one scale per output channel.
IN_4_BITS = ("CONV_2D", "FULLY_CONNECTED")

#: Layers with at most this share of a graph's weights keep 16 bits and compute in float32: they are cheap, and most of
#: the error of 8 bits comes from them, the first convolutions and the matrix products that results are read from.
#: A matrix product reads each weight once, so float32 costs it no time; a convolution it does.
SMALL = {"FULLY_CONNECTED": 1 / 40, "CONV_2D": 1 / 400}


class Layer(NamedTuple):
    """A layer with a constant weight.

    Args:
        operation: a key of `LAYERS`.
        output: the name of its output, by which a recipe chooses the layer.
        buffer: which of the file's constants is its weight; several layers may share one.
        shape: of the weight, output channels first.
        kind: the number type of the weight, such as `INT8`.
    """

    operation: str
    output: str
    buffer: int
    shape: tuple[int, ...]
    kind: str

    @property
    def size(self) -> int:
        """The number of weights."""
        product = 1
        for edge in self.shape:
            product *= edge
        return product


def weighted_layers(model: Any) -> list[Layer]:
    """Return the layers whose weights are constants, in the order of the file.

    Args:
        model: as `read_model` returns it.
    """
    from ai_edge_litert import schema_py_generated as schema

    operations = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    kinds = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    found = []
    for graph in model.subgraphs:
        stored: dict[int, int] = {}  # which constant a layer's weight is computed from, if it is widened first
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            operation = operations[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if operation == "DEQUANTIZE":
                stored[operator.outputs[0]] = operator.inputs[0]
            elif operation in LAYERS:
                place = stored.get(operator.inputs[1], operator.inputs[1])
                weight, output = graph.tensors[place], graph.tensors[operator.outputs[0]]
                shape = tuple(int(edge) for edge in weight.shape)
                if size_of(model.buffers[weight.buffer]):
                    found.append(Layer(operation, output.name.decode(), weight.buffer, shape, kinds[weight.type]))
    return found


def small_layers(layers: list[Layer]) -> list[Layer]:
    """Return the layers that keep 16 bits, see `SMALL`."""
    whole = sum({layer.buffer: layer.size for layer in layers}.values())
    return [layer for layer in layers if layer.size <= SMALL.get(layer.operation, 0.0) * whole]


def constant_bytes(model: Any) -> dict[str, int]:
    """Return the bytes of a file's constants of the types that weights have, by the type's name in small letters."""
    from ai_edge_litert import schema_py_generated as schema

    names = ("INT4", "INT8", "FLOAT16", "FLOAT32")
    kinds = {getattr(schema.TensorType, name): name.lower() for name in names}
    sizes, seen = dict.fromkeys(kinds.values(), 0), set()
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.buffer not in seen and tensor.type in kinds:
                seen.add(tensor.buffer)
                sizes[kinds[tensor.type]] += size_of(model.buffers[tensor.buffer])
    return sizes


def weight_facts(file: Path) -> dict[str, Any]:
    """Return how many bits the weights of a file's layers have, for the manifest of an artifact."""
    layers = {layer.buffer: layer for layer in weighted_layers(read_model(file))}.values()
    few = [layer for layer in layers if layer.kind in ("INT4", "INT8")]
    bits = {str(bits): sum(layer.kind == f"INT{bits}" for layer in layers) for bits in (4, 8)}
    values = sum(layer.size for layer in few)
    whole = sum(layer.size * int(layer.kind.removeprefix("INT")) for layer in few)
    share = round(whole / values, 3) if values else 0.0
    return {"quantised": len(few), "of": len(layers), "method": "steps", "bits": bits, "bits_per_weight": share}


def read_model(file: Path) -> Any:
    """Return the tables of a `.tflite` file."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)


def size_of(buffer: Any) -> int:
    """Return the bytes of a constant; a large one lies behind the tables."""
    return int(buffer.size) if buffer.data is None else len(buffer.data)
