#!/usr/bin/env bash
# The float16 converter rounds what goes from a float32 input through float32 nodes to a float32 output.
#
# Package:  onnxruntime 1.31.1 (onnxruntime.transformers.float16)
# Platform: Linux x86-64, CPU execution provider
# Expected: with keep_io_types, and both nodes of x - lr * g in node_block_list, nothing is left to convert: the model
#           computes what it did.
# Happens:  a cast to float16 and back stands behind every input, between the two nodes, and before the output. A state
#           that moves by 1e-5 a step never moves: 0.5 + 1e-5 becomes 0.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16

print("onnxruntime", version("onnxruntime"), "| onnx", version("onnx"), "| Python", platform.python_version())
nodes = [
    helper.make_node("Mul", ["lr", "g"], ["d"], name="scale"),
    helper.make_node("Sub", ["x", "d"], ["y"], name="update"),
]
x, g, lr, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "g", "lr", "y"))
graph = helper.make_graph(nodes, "step", [x, g, lr], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
converted = convert_float_to_float16(model, keep_io_types=True, node_block_list=["scale", "update"])


def after_steps(model: onnx.ModelProto, steps: int) -> float:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    state = np.array([0.5], np.float32)
    for _ in range(steps):
        given = {"x": state, "g": np.array([-1], np.float32), "lr": np.array([1e-5], np.float32)}
        (state,) = session.run(None, given)
    return float(state[0])


casts = sum(node.op_type == "Cast" for node in converted.graph.node)
before, after = after_steps(model, 100), after_steps(converted, 100)
print(f"casts put in: {casts} | after 100 steps of 1e-5 from 0.5: {before:.6f} before, {after:.6f} after conversion")
if casts == 0 or abs(before - 0.501) > 1e-5 or after != 0.5:
    sys.exit("changed: nodes that are blocked, between inputs and outputs that are kept, are not rounded any more")
END
