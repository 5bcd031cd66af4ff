#!/usr/bin/env bash
# The reference evaluator computes three operators against the text of their own specification.
#
# Package:  onnx 1.23.2 (onnx.reference.ReferenceEvaluator)
# Platform: Linux x86-64; NumPy alone
# Expected: what the operators' documents say, as ONNX Runtime and OpenVINO compute it.
# Happens:  LRN normalises as many channels as there are pictures in the batch and passes the others on as they are.
#           LpNormalization with p=1 divides by the sum of the numbers, not of their magnitudes: -1, 2 becomes -1, 2, not
#           -1/3, 2/3. AveragePool leaves NaN out of the mean: of NaN, 1, 2, 3 it makes 2. No error, no warning.
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
from onnx.reference import ReferenceEvaluator

print("onnx", version("onnx"), "| onnxruntime", version("onnxruntime"), "| Python", platform.python_version())


def computed(operator: str, given: np.ndarray, **attributes: object) -> tuple[list[float], list[float]]:
    """Return what the reference and ONNX Runtime compute."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, given.shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * given.ndim)
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], **attributes)], operator, [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    both = ReferenceEvaluator(model).run(None, {"x": given})[0], session.run(None, {"x": given})[0]
    reference, runtime = (np.round(values.astype(np.float64), 4).ravel().tolist() for values in both)
    print(f"{operator} of {given.ravel().tolist()}: reference {reference}, ONNX Runtime {runtime}")
    return reference, runtime


# alpha = 1, beta = 1, size = 1, bias = 1: every channel becomes x / (1 + x * x).
if computed("LRN", np.ones((1, 2, 1, 1), np.float32), size=1, alpha=1.0, beta=1.0) != ([0.5, 1.0], [0.5, 0.5]):
    sys.exit("changed: LRN of two channels of 1 was expected as 0.5, 1 by the reference and 0.5, 0.5 by ONNX Runtime")
if computed("LpNormalization", np.array([[-1, 2]], np.float32), p=1) != ([-1.0, 2.0], [-0.3333, 0.6667]):
    sys.exit("changed: LpNormalization with p=1 was expected without magnitudes in the reference")
with_nan = np.array([np.nan, 1, 2, 3], np.float32).reshape(1, 1, 2, 2)
reference, runtime = computed("AveragePool", with_nan, kernel_shape=[2, 2])
if reference != [2.0] or not np.isnan(runtime[0]):
    sys.exit("changed: the mean of NaN, 1, 2, 3 was expected as 2 by the reference and NaN by ONNX Runtime")
END
