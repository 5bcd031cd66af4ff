"""Small files of LiteRT, written without a converter."""

import numpy as np


def dense_model(*weights: np.ndarray, stored: type = np.float32) -> bytes:
    """Return a `.tflite` file of matrix products in turn, of `args_0` (1, C) to `output_0`.

    Args:
        weights: (outputs, inputs) of each product; the layers' outputs are named `layer_0`, `layer_1`, ...
        stored: float32, or float16 for weights that are widened while the file runs.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model, graph = schema.ModelT(), schema.SubGraphT()
    model.buffers, model.operatorCodes, graph.tensors, graph.operators = [schema.BufferT()], [], [], []
    for builtin in (schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.DEQUANTIZE):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 1
        model.operatorCodes.append(code)

    def tensor(name: str, shape: tuple[int, ...], content: np.ndarray | None = None) -> int:
        made, buffer = schema.TensorT(), schema.BufferT()
        made.name, made.shape, made.type, made.buffer = name.encode(), list(shape), schema.TensorType.FLOAT32, 0
        if content is not None:
            buffer.data = np.frombuffer(content.astype(stored).tobytes(), np.uint8)
            made.buffer = len(model.buffers)
            made.type = schema.TensorType.FLOAT16 if stored is np.float16 else schema.TensorType.FLOAT32
            model.buffers.append(buffer)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def named(name: str, index: int) -> "schema.TensorMapT":
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name.encode(), index
        return made

    first = last = tensor("input", (1, weights[0].shape[1]))
    for k, weight in enumerate(weights):
        operator, constant = schema.OperatorT(), tensor(f"weight_{k}", weight.shape, weight)
        if stored is np.float16:
            widening, wide = schema.OperatorT(), tensor(f"wide_{k}", weight.shape)
            widening.opcodeIndex, widening.inputs, widening.outputs = 1, [constant], [wide]
            graph.operators.append(widening)
            constant = wide
        operator.opcodeIndex, operator.inputs = 0, [last, constant, -1]
        last = tensor(f"layer_{k}", (1, len(weight)))
        operator.outputs = [last]
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT()
        graph.operators.append(operator)
    graph.inputs, graph.outputs, graph.name = [first], [last], b"main"
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [named("args_0", first)], [named("output_0", last)]
    model.version, model.subgraphs, model.signatureDefs = 3, [graph], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
