#!/usr/bin/env bash
# A Pad with zeros before a MaxPool is folded into the pool, whose padding is no zeros.
#
# Package:  onnxruntime 1.31.1
# Platform: Linux x86-64, CPU execution provider
# Expected: zeros put around a picture of -1 take part in the maximum: 0 in every window, at every level of optimisation.
# Happens:  0 without optimisation; -1 with it, from ORT_ENABLE_BASIC on, since MaxPool's own padding counts as less than
#           every number. Two sessions with default options agree with each other, so comparing those shows nothing.
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

print("onnxruntime", version("onnxruntime"), "| onnx", version("onnx"), "| Python", platform.python_version())
nodes = [
    helper.make_node("Pad", ["x", "pads"], ["padded"]),
    helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
]
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 2, 2]) for name in "xy")
pads = helper.make_tensor("pads", TensorProto.INT64, [8], [0, 0, 1, 1, 0, 0, 1, 1])
graph = helper.make_graph(nodes, "padded pool", [x], [y], [pads])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)


def computed(level: str) -> list[float]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.full((1, 1, 2, 2), -1, np.float32)})[0].ravel().tolist()


levels = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_ALL")
found = {level: computed(level) for level in levels}
print(found)
if found != {"ORT_DISABLE_ALL": [0.0] * 4, "ORT_ENABLE_BASIC": [-1.0] * 4, "ORT_ENABLE_ALL": [-1.0] * 4}:
    sys.exit("changed: expected 0 without optimisation and -1 with it")
END
