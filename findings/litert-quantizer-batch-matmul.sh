#!/usr/bin/env bash
# The 8-bit recipe of ai-edge-quantizer writes files that the LiteRT it pins refuses to load.
#
# Package:  ai-edge-quantizer 0.10.0, ai-edge-litert 2.3.0 (the version that the quantizer pins)
# Platform: Linux x86-64
# Expected: `recipe.dynamic_wi8_afp32()`, applied to a model that LiteRT runs, gives a model that LiteRT runs.
# Happens:  of a BATCH_MATMUL whose first factor is a constant the quantizer stores that factor in 8 bits and leaves the
#           second in float32; LiteRT's kernel takes 8 bits beside float32 in the second factor only, and the model
#           cannot be prepared. With the constant as the second factor it runs. litert-torch writes the first form for a
#           fixed matrix times a computed one, so a converted network is refused as a whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 flatbuffers==25.12.19 ai-edge-litert==2.3.0 ai-edge-quantizer==0.10.0
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import contextlib
import io
import platform
import sys
from importlib.metadata import version

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe

names = ("ai-edge-quantizer", "ai-edge-litert")
print(*(f"{name} {version(name)} |" for name in names), "Python", platform.python_version())
EDGE = 64
MATRIX = np.random.default_rng(0).normal(size=(1, EDGE, EDGE)).astype(np.float32)


def product(constant_first: bool) -> bytes:
    """Return a model that multiplies a constant matrix and its input, in one order or the other."""

    def tensor(name, buffer):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [1, EDGE, EDGE], schema.TensorType.FLOAT32, buffer
        return made

    def named(name, index):
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, index
        return made

    empty, held = schema.BufferT(), schema.BufferT()
    held.data = np.frombuffer(MATRIX.tobytes(), np.uint8)
    code, operation, graph = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.BATCH_MATMUL
    code.version = 1
    operation.opcodeIndex, operation.inputs, operation.outputs = 0, [1, 0] if constant_first else [0, 1], [2]
    operation.builtinOptionsType = schema.BuiltinOptions.BatchMatMulOptions
    operation.builtinOptions = schema.BatchMatMulOptionsT()
    graph.tensors = [tensor(b"input", 0), tensor(b"constant", 1), tensor(b"output", 0)]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [2], [operation], b"main"
    signature, model = schema.SignatureDefT(), schema.ModelT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [named(b"x", 0)], [named(b"y", 2)]
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], [code]
    model.buffers, model.signatureDefs = [empty, held], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def runs(content: bytes) -> str:
    """Return how far a model's output is from NumPy's, or the interpreter's refusal."""
    x = np.random.default_rng(1).normal(size=MATRIX.shape).astype(np.float32)
    try:
        found = Interpreter(model_content=content).get_signature_runner()(x=x)["y"]
    except RuntimeError as error:
        return "refused: " + ("BATCH_MATMUL" if "BATCH_MATMUL" in str(error) else "another operation")
    expected = min((MATRIX @ x, x @ MATRIX), key=lambda product: np.abs(product - found).max())
    return "runs" if np.abs(found - expected).max() < 0.1 * np.abs(expected).max() else "runs, wrong"


found = {}
for first in (True, False):
    file = f"constant-{'first' if first else 'second'}.tflite"
    with open(file, "wb") as stream:
        stream.write(product(first))
    with contextlib.redirect_stdout(io.StringIO()):
        chosen = quantizer.Quantizer(file)
        chosen.load_quantization_recipe(recipe.dynamic_wi8_afp32())
        small = bytes(chosen.quantize().quantized_model)
    found[file] = (runs(product(first)), runs(small))
    print(file, "| float32:", found[file][0], "| 8 bits:", found[file][1])
if found != {"constant-first.tflite": ("runs", "refused: BATCH_MATMUL"), "constant-second.tflite": ("runs", "runs")}:
    sys.exit("changed: expected a refusal of the constant first factor in 8 bits alone")
END
