#!/usr/bin/env bash
# BitShift to the right rounds to the nearest number instead of dropping bits, if a matrix product reads the result.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device in float32
# Expected: weights that are packed two in a byte and taken apart by BitShift are whole numbers, as ONNX says and as
#           ONNX Runtime and onnx's reference compute.
# Happens:  the shift is a division that is rounded: 0xD9 >> 4 is 14, not 13. This happens to uint8 constants that are
#           cast to float32 and read by Gemm or MatMul as weights; read by Add, the same numbers are right. Nothing is
#           logged. Masked before the shift (BitwiseAnd), nothing is left to round and all is right.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print(*(f"{name} {version(name)} |" for name in ("openvino", "onnxruntime", "onnx")), "Python", platform.python_version())

PACKED = np.random.default_rng(0).integers(0, 256, (8, 4)).astype(np.uint8)


def upper_halves(reader: str, masked: bool) -> dict[str, np.ndarray]:
    """Return the upper four bits of each byte, read by an operator, in three runtimes."""
    nodes, last = [], "packed"
    if masked:
        nodes.append(helper.make_node("BitwiseAnd", [last, "mask"], ["masked"]))
        last = "masked"
    nodes.append(helper.make_node("BitShift", [last, "four"], ["halves"], direction="RIGHT"))
    nodes.append(helper.make_node("Cast", ["halves"], ["weights"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node(reader, ["x", "weights"], ["y"]))
    stored = [
        numpy_helper.from_array(PACKED, "packed"),
        numpy_helper.from_array(np.array([4], np.uint8), "four"),
        *([numpy_helper.from_array(np.array([0xF0], np.uint8), "mask")] if masked else []),
    ]
    x = np.eye(8, dtype=np.float32) if reader != "Add" else np.zeros((8, 4), np.float32)
    first = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    second = helper.make_tensor_value_info("y", TensorProto.FLOAT, (8, 4))
    graph = helper.make_graph(nodes, "halves", [first], [second], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0],
        "onnxruntime": onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
        "openvino": np.array(compiled({"x": x})[0]),
    }


right = (PACKED >> 4).astype(np.float32)
rounded = np.rint(PACKED / 16)
wrong = {}
for reader in ("Gemm", "MatMul", "Add"):
    for masked in (False, True):
        found = upper_halves(reader, masked)
        print(f"{reader}, {'masked' if masked else 'as it is'}:", {name: y.ravel()[:4].tolist() for name, y in found.items()})
        if not all(np.array_equal(found[name], right) for name in ("reference", "onnxruntime")):
            sys.exit("changed: ONNX Runtime or the reference drops no bits")
        if not np.array_equal(found["openvino"], right):
            wrong[reader, masked] = np.array_equal(found["openvino"], rounded)
if wrong != {("Gemm", False): True, ("MatMul", False): True}:
    sys.exit(f"changed: OpenVINO is wrong in {wrong or 'no case'}")
END
