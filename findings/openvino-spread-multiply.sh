#!/usr/bin/env bash
# A one-channel picture that is multiplied into several channels before a convolution is refused.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device
# Expected: a grey picture times three numbers, one a channel, then a convolution of three channels: 3.
# Happens:  compile_model raises "Data batch channel count (1) does not match filter input channel count (3)": a pass
#           moves the numbers into the kernel and forgets the channels that the multiplication made. So with transposed
#           convolutions, grouped or not. With Add in place of Mul, or MatMul in place of Conv, it compiles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1 openvino==2026.4.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

print(*(f"{name} {version(name)} |" for name in ("openvino", "onnxruntime", "onnx")), "Python", platform.python_version())
X = np.ones((1, 1, 2, 2), np.float32)


def model_of(operator: str, convolution: str) -> bytes:
    nodes = [
        helper.make_node(operator, ["x", "c"], ["spread"]),
        helper.make_node(convolution, ["spread", "w"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, X.shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    kernel = [1, 3, 1, 1] if convolution == "Conv" else [3, 1, 1, 1]
    constants = [helper.make_tensor(n, TensorProto.FLOAT, s, [1.0] * 3) for n, s in (("c", [1, 3, 1, 1]), ("w", kernel))]
    graph = helper.make_graph(nodes, "spread", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def refusal(stored: bytes) -> str:
    core = openvino.Core()
    try:
        core.compile_model(core.read_model(stored), "CPU")
    except RuntimeError as error:
        return next((line for line in str(error).splitlines() if "channel count" in line), str(error))
    return ""


changed = []
for convolution in ("Conv", "ConvTranspose"):
    stored = model_of("Mul", convolution)
    session = onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"])
    right, refused, added = session.run(None, {"x": X})[0].ravel()[0], refusal(stored), refusal(model_of("Add", convolution))
    print(f"Mul, {convolution}: ONNX Runtime {right}, OpenVINO {refused!r} | Add, {convolution}: OpenVINO {added!r}")
    if right != 3 or "channel count" not in refused or added:
        changed.append(convolution)
if changed:
    sys.exit(f"changed: {', '.join(changed)} behind a multiplication that makes channels is not refused any more")
END
