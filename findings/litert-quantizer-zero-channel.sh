#!/usr/bin/env bash
# The algorithms MSE and OCTAV of ai-edge-quantizer give a channel of zeros the scale 0, and LiteRT refuses the file.
#
# Package:  ai-edge-quantizer 0.10.0, ai-edge-litert 2.3.0 (the version that the quantizer pins)
# Platform: Linux x86-64
# Expected: a layer with one output channel whose weights are all zero (pruned, or dead after training) is quantised by
#           every algorithm to a file that LiteRT runs, as `min_max_uniform_quantize` does, whose scale is positive.
# Happens:  MSE and OCTAV write the scale 0 for that channel. XNNPACK, which the interpreter uses by default, refuses
#           the tensor, and the model cannot be prepared. Without XNNPACK it runs; with any number but zero in the channel
#           it runs, too.
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
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import qtyping, quantizer

names = ("ai-edge-quantizer", "ai-edge-litert")
print(*(f"{name} {version(name)} |" for name in names), "Python", platform.python_version())
INPUTS, OUTPUTS = 32, 16
LAYER = qtyping.TFLOperationName.FULLY_CONNECTED


def layer(weight: np.ndarray) -> bytes:
    """Return a model of one matrix product."""

    def tensor(name, shape, buffer):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), schema.TensorType.FLOAT32, buffer
        return made

    def named(name, index):
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, index
        return made

    empty, held = schema.BufferT(), schema.BufferT()
    held.data = np.frombuffer(weight.tobytes(), np.uint8)
    code, operation, graph = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    operation.opcodeIndex, operation.inputs, operation.outputs = 0, [0, 1, -1], [2]
    operation.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operation.builtinOptions = schema.FullyConnectedOptionsT()
    graph.tensors = [tensor(b"in", (1, INPUTS), 0), tensor(b"weight", weight.shape, 1), tensor(b"out", (1, OUTPUTS), 0)]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [2], [operation], b"main"
    signature, model = schema.SignatureDefT(), schema.ModelT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [named(b"x", 0)], [named(b"y", 2)]
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], [code]
    model.buffers, model.signatureDefs = [empty, held], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def runs(content: bytes, weight: np.ndarray, kernels: OpResolverType) -> str:
    """Return whether a model computes about what NumPy does, or is refused."""
    x = np.random.default_rng(1).normal(size=(1, INPUTS)).astype(np.float32)
    try:
        found = Interpreter(model_content=content, experimental_op_resolver_type=kernels).get_signature_runner()(x=x)["y"]
    except RuntimeError as error:
        return "refused: scale 0" if "unsupported scale value" in str(error) else "refused"
    expected = x @ weight.T
    return "runs" if np.abs(found - expected).max() < 0.1 * np.abs(expected).max() else "runs, wrong"


found = {}
for channel in ("zeros", "numbers"):
    weight = np.random.default_rng(0).normal(size=(OUTPUTS, INPUTS)).astype(np.float32)
    weight[3] = 0.0 if channel == "zeros" else 1e-3
    for algorithm in ("min_max_uniform_quantize", "MSE", "OCTAV"):
        with contextlib.redirect_stdout(io.StringIO()):
            chosen = quantizer.Quantizer(layer(weight))
            chosen.add_dynamic_config(".*", LAYER, num_bits=8, algorithm_key=algorithm)
            small = bytes(chosen.quantize().quantized_model)
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        found[channel, algorithm] = (runs(small, weight, OpResolverType.AUTO), runs(small, weight, plain))
        print("a channel of", channel, "|", algorithm, "| XNNPACK:", found[channel, algorithm][0], "| without:", found[channel, algorithm][1])
refused = {key for key, (usual, plain) in found.items() if usual == "refused: scale 0" and plain == "runs"}
others = {found[key] for key in found if key not in refused}
if refused != {("zeros", "MSE"), ("zeros", "OCTAV")} or others != {("runs", "runs")}:
    sys.exit("changed: expected a refusal of MSE's and OCTAV's files with a channel of zeros alone")
END
