#!/usr/bin/env bash
# A float32 convolution alone between float16 ones becomes float16 in a strongly typed network.
#
# Package:  tensorrt-rtx 1.7.1.116
# Platform: Linux x86-64, built without a graphics card and without a driver
# Expected: strongly typed means that each layer computes in the type that the model gives it: of the weights of three
#           convolutions, float16, float32, float16, the engine holds 4608, 9216 and 4608 bytes.
# Happens:  the parsed network says float32 for the one in the middle; the engine holds 4608 bytes of float16 for each of
#           the three. Two float32 convolutions in a row, or a Relu between the convolutions, stay float32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 tensorrt-rtx==1.7.1.116
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import re
import sys
from importlib.metadata import version

import numpy as np
import onnx
import tensorrt_rtx as trt
from onnx import TensorProto, helper, numpy_helper

print("tensorrt-rtx", version("tensorrt-rtx"), "| onnx", version("onnx"), "| Python", platform.python_version())
TYPES = {"float": (TensorProto.FLOAT, np.float32), "half": (TensorProto.FLOAT16, np.float16)}
LOG = trt.Logger(trt.Logger.ERROR)
BUILDER = trt.Builder(LOG)


def chain(types: list[str]) -> onnx.ModelProto:
    """Return a chain of convolutions, float32 at both ends."""
    nodes, weights, value = [], [], "x"
    for i, kind in enumerate(types):
        code, dtype = TYPES[kind]
        kernel = np.random.default_rng(i).normal(size=(16, 16, 3, 3)).astype(dtype)
        weights.append(numpy_helper.from_array(kernel, f"w{i}"))
        nodes.append(helper.make_node("Cast", [value], [f"given{i}"], to=code))
        value = f"made{i}"
        nodes.append(helper.make_node("Conv", [f"given{i}", f"w{i}"], [value], pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("Cast", [value], ["y"], to=TensorProto.FLOAT))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16, 8, 8]) for name in "xy")
    graph = helper.make_graph(nodes, "chain", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def built(types: list[str]) -> tuple[list[str], list[str]]:
    """Return the convolutions' types in the parsed network, and type and bytes of the kernels in the engine."""
    network = BUILDER.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, LOG)
    if not parser.parse(chain(types).SerializeToString()):
        sys.exit("changed: the model is not read")
    layers = [network.get_layer(i) for i in range(network.num_layers)]
    parsed = [layer.get_output(0).dtype.name for layer in layers if layer.type.name == "CONVOLUTION"]
    plan = bytes(memoryview(BUILDER.build_serialized_network(network, BUILDER.create_builder_config())))
    constants = re.findall(rb"const_payload_size=(\d+) [^\n]*? type=(\w+)", plan)
    return parsed, sorted(f"{kind.decode()} {size.decode()}" for size, kind in constants if int(size) > 1000)


parsed, alone = built(["half", "float", "half"])
_, pair = built(["half", "float", "float", "half"])
print("one float32 in the middle: parsed as", parsed, "engine holds", alone)
print("two float32 in the middle: engine holds", pair)
if (parsed, alone) != (["HALF", "FLOAT", "HALF"], ["half 4608"] * 3):
    sys.exit("changed: the float32 convolution alone is not narrowed any more, or the engine does not say so")
if pair != ["float 9216", "float 9216", "half 4608", "half 4608"]:
    sys.exit("changed: two float32 convolutions in a row are not kept any more, or the engine does not say so")
END
