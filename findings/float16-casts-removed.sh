#!/usr/bin/env bash
# A model's own casts to float16 round nothing on a processor, with all optimisation off.
#
# Package:  onnxruntime 1.31.1, openvino 2026.4.1
# Platform: Linux x86-64 (AVX-512), CPU execution provider and CPU device
# Expected: a Cast is a node like others: 100000 cast to float16 is infinite, and 1.0001 is 1.
# Happens:  Cast to float16, Add, Cast to float32: ONNX Runtime has no float16 Add for this processor, computes it in
#           float32 and removes the model's casts with its own, even at ORT_DISABLE_ALL, so 100000 + 100000 is 200000;
#           with Relu in place of Add, which stays float16, it is infinite. OpenVINO removes the casts in both. What
#           overflows on a card is fine here, so a float16 model that passes on a processor has proven nothing.
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

print(*(f"{name} {version(name)} |" for name in ("onnxruntime", "openvino", "onnx")), "Python", platform.python_version())
X = np.array([1.0001, 100000], np.float32)


def computed(operator: str, reads: list[str]) -> dict[str, list[float]]:
    """Compute a float16 operator between casts from and to float32."""
    nodes = [
        helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node(operator, reads, ["made"]),
        helper.make_node("Cast", ["made"], ["y"], to=TensorProto.FLOAT),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph(nodes, "half", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    stored = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(stored), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = {"onnxruntime": session.run(None, {"x": X})[0], "openvino": compiled({"x": X})[0]}
    return {name: np.round(answer.astype(np.float64), 4).tolist() for name, answer in answers.items()}


add, relu = computed("Add", ["half", "half"]), computed("Relu", ["half"])
print("x =", X.tolist(), "\nAdd: ", add, "\nRelu:", relu)
unrounded, rounded = [1.0001, 100000.0], [1.0, float("inf")]
if add != {"onnxruntime": [2.0002, 200000.0], "openvino": [2.0002, 200000.0]}:
    sys.exit("changed: x + x in float16 is rounded")
if relu != {"onnxruntime": rounded, "openvino": unrounded}:
    sys.exit("changed: Relu in float16 was expected to be rounded by ONNX Runtime and not by OpenVINO")
END
