#!/usr/bin/env bash
# The float16 converter makes a model that cannot be loaded where two float32 nodes read one float16 value.
#
# Package:  onnxruntime 1.31.1 (onnxruntime.transformers.float16)
# Platform: Linux x86-64
# Expected: one cast to float32 that both nodes read, or two casts with names of their own.
# Happens:  two casts with one name that both write one value. ONNX Runtime refuses the model ("two nodes with same node
#           name"). The converter says nothing. x * x, kept in float32, is enough.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
from collections import Counter
from importlib.metadata import version

import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16

print("onnxruntime", version("onnxruntime"), "| onnx", version("onnx"), "| Python", platform.python_version())
onnxruntime.set_default_logger_severity(4)
nodes = [
    helper.make_node("Relu", ["x"], ["a"], name="relu"),
    helper.make_node("Mul", ["a", "a"], ["y"], name="square"),
]
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy")
graph = helper.make_graph(nodes, "square", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

converted = convert_float_to_float16(model, keep_io_types=True, node_block_list=["square"])
written = Counter(name for node in converted.graph.node for name in node.output)
doubles = [name for name, count in written.items() if count > 1]
try:
    onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    refusal = ""
except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
    refusal = str(error)
print("values written twice:", doubles, "| loading:", refusal or "works")
if doubles != ["a_cast_to_fp32"] or "same node name" not in refusal:
    sys.exit("changed: the converted model is not refused for two nodes of one name any more")
END
