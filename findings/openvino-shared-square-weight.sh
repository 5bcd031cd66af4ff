#!/usr/bin/env bash
# A transposed convolution that shares its square weight with a convolution is computed untransposed.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device in float32
# Expected: with W = [[1, 2], [3, 4]] as the 1x1 kernel of both, Conv then ConvTranspose give W^T W (1, 1) = (24, 34),
#           whether the model holds W once or twice.
# Happens:  held twice (24, 34); held once (17, 37), which is W W (1, 1). Nothing is logged. Every kernel size, either
#           order; only where input and output channels are equally many, as in the backward pass of a network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 openvino==2026.4.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
from importlib.metadata import version

import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

print("openvino", version("openvino"), "| onnx", version("onnx"), "| Python", platform.python_version())
W = np.array([[1, 2], [3, 4]], np.float32)[:, :, None, None]
X = np.ones((1, 2, 1, 1), np.float32)


def computed(second: str) -> list[float]:
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("ConvTranspose", ["a", second], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 1, 1]) for name in "xy")
    weights = [numpy_helper.from_array(W, name) for name in {"w", second}]
    graph = helper.make_graph(nodes, "tied", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"x": X})[0].ravel().tolist()


w = W[:, :, 0, 0]
right, untransposed = (w.T @ w @ [1, 1]).tolist(), (w @ w @ [1, 1]).tolist()
twice, once = computed("v"), computed("w")
print("right:", right, "| weight held twice:", twice, "| weight held once:", once)
if twice != right or once != untransposed:
    sys.exit(f"changed: expected {right} with the weight held twice and {untransposed} with it held once")
END
