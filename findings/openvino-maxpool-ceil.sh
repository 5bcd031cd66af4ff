#!/usr/bin/env bash
# MaxPool with ceil_mode has a row and a column more, of -3.4e38, than AveragePool with the same attributes.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device in float32
# Expected: one size for both pools. 7 pixels with pads of 1, windows of 2 and steps of 3: the fourth window would lie in
#           the padding alone, so there are three.
# Happens:  ONNX Runtime and onnx's reference make 3 x 3 of both. OpenVINO makes 3 x 3 of AveragePool and 4 x 4 of
#           MaxPool, whose last row and column are the least number of float32.
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
from onnx.reference import ReferenceEvaluator

print(*(f"{name} {version(name)} |" for name in ("openvino", "onnxruntime", "onnx")), "Python", platform.python_version())
onnxruntime.set_default_logger_severity(3)
X = np.arange(49, dtype=np.float32).reshape(1, 1, 7, 7)


def pooled(operator: str) -> tuple[dict[str, int], float]:
    """Return how wide each makes the result, and the last number of OpenVINO's."""
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[2, 2], strides=[3, 3], pads=[1] * 4, ceil_mode=1)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, X.shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    model = helper.make_model(
        helper.make_graph([node], operator, [x], [y]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10
    )
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.output[0].type.tensor_type.shape
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = np.array(compiled({"x": X})[0])
    widths = {
        "shape inference": inferred.dim[3].dim_value,
        "reference": ReferenceEvaluator(model).run(None, {"x": X})[0].shape[3],
        "onnxruntime": session.run(None, {"x": X})[0].shape[3],
        "openvino": found.shape[3],
    }
    return widths, float(found.ravel()[-1])


(average, _), (maximum, last) = pooled("AveragePool"), pooled("MaxPool")
print("AveragePool", average, "\nMaxPool    ", maximum, "| OpenVINO's last number:", last)
right = {"shape inference": 3, "reference": 3, "onnxruntime": 3, "openvino": 3}
if average != right:
    sys.exit("changed: AveragePool with ceil_mode is not three wide everywhere")
if maximum != {**right, "openvino": 4} or last != float(np.finfo(np.float32).min):
    sys.exit("changed: MaxPool with ceil_mode is not four wide in OpenVINO alone, or its last number is an ordinary one")
END
