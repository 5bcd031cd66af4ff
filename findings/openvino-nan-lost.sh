#!/usr/bin/env bash
# NaN goes in, and an ordinary number comes out of Relu, Clip, Max and the max pools.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device in float32
# Expected: NaN stays NaN through every operator, or through none that compare; then it reaches the output of a network,
#           where a check for NaN finds it.
# Happens:  Relu and HardSigmoid turn it into their end of the range, Clip and Max into a bound, MaxPool, GlobalMaxPool
#           and ReduceMax pass over it. Through Add, Abs, LeakyRelu, Sigmoid and Tanh it stays. ONNX Runtime 1.31.1 keeps
#           it in Relu, Clip, Max, HardSigmoid and ReduceMax. A broken input to a network with Relu is a face like others.
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
POOL = {"kernel_shape": [2, 2]}
LOST = {"Relu": {}, "HardSigmoid": {}, "Clip": {}, "Max": {}, "MaxPool": POOL, "GlobalMaxPool": {}, "ReduceMax": {}}
KEPT = {"Add": {}, "Abs": {}, "LeakyRelu": {}, "Sigmoid": {}, "Tanh": {}}
POOLS = ("MaxPool", "GlobalMaxPool")
READS = {"Clip": ["x", "zero", "one"], "Max": ["x", "zero"], "Add": ["x", "zero"]}
X = np.array([np.nan, 1, -1, 0.5], np.float32).reshape(1, 1, 2, 2)


def answers(operator: str, attributes: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return what OpenVINO and ONNX Runtime compute."""
    reads = READS.get(operator, ["x"])
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [], [float(name == "one")]) for name in reads[1:]]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    graph = helper.make_graph([helper.make_node(operator, reads, ["y"], **attributes)], operator, [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    stored = model.SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(stored), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"])
    return compiled({"x": X})[0], session.run(None, {"x": X})[0]


changed = []
for operator, attributes in {**LOST, **KEPT}.items():
    found, other = answers(operator, attributes)
    nan, nan_there = bool(np.isnan(found).any()), bool(np.isnan(other).any())
    print(f"{operator:14} OpenVINO {found.ravel().tolist()}  ONNX Runtime {other.ravel().tolist()}")
    if nan is not (operator in KEPT) or (operator not in POOLS and not nan_there):
        changed.append(operator)
if changed:
    sys.exit(f"changed: NaN through {', '.join(changed)}")
END
