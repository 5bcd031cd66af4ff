#!/usr/bin/env bash
# Three attributes of Resize are read over: antialias, exclude_outside, keep_aspect_ratio_policy.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device in float32
# Expected: computed, or refused as the coordinate transformation half_pixel_symmetric is.
# Happens:  16 stripes of 0 and 1 become 6 pixels. With antialias ONNX Runtime and onnx's reference make greys between 0.4
#           and 0.6 of them; OpenVINO 0.17, 0.5 and 0.83, as without. keep_aspect_ratio_policy "not_larger" from 4 x 4 to
#           2 x 3 is 2 x 2 elsewhere, 2 x 3 in OpenVINO. exclude_outside changes nothing. Nothing is logged.
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


def resized(picture: np.ndarray, sizes: list[int], **attributes: object) -> dict[str, np.ndarray]:
    """Resize a picture to a height and a width with onnx's reference, ONNX Runtime and OpenVINO."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], axes=[2, 3], **attributes)
    graph = helper.make_graph([node], "resize", [x], [y], [helper.make_tensor("sizes", TensorProto.INT64, [2], sizes)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    stored = model.SerializeToString()
    session = onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(stored), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {
        "reference": ReferenceEvaluator(model).run(None, {"x": picture})[0],
        "onnxruntime": session.run(None, {"x": picture})[0],
        "openvino": np.array(compiled({"x": picture})[0]),
    }


def ignored(attribute: str, found: dict[str, np.ndarray], without: dict[str, np.ndarray]) -> bool:
    """Print answers; say whether OpenVINO alone computed what it computes without the attribute."""
    shown = {k: (v.shape, np.round(v.ravel()[:4], 3).tolist()) for k, v in found.items()}
    print(f"{attribute}: {shown}")
    if not np.array_equal(found["openvino"], without["openvino"]):
        return False
    others = found["reference"], found["onnxruntime"]
    agree = others[0].shape == others[1].shape and np.allclose(*others, atol=1e-5)
    apart = others[1].shape != found["openvino"].shape or not np.allclose(others[1], found["openvino"], atol=1e-2)
    return agree and apart


stripes = np.tile(np.array([0, 1], np.float32), 8).reshape(1, 1, 1, 16)
square = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
checks = {
    "antialias": (resized(stripes, [1, 6], mode="linear", antialias=1), resized(stripes, [1, 6], mode="linear")),
    "exclude_outside": (
        resized(square, [10, 10], mode="cubic", exclude_outside=1),
        resized(square, [10, 10], mode="cubic"),
    ),
    "keep_aspect_ratio_policy": (
        resized(square, [2, 3], mode="linear", keep_aspect_ratio_policy="not_larger"),
        resized(square, [2, 3], mode="linear"),
    ),
}
changed = [attribute for attribute, pair in checks.items() if not ignored(attribute, *pair)]
if changed:
    sys.exit(f"changed: {', '.join(changed)} is not ignored any more, or the others do not agree")
END
