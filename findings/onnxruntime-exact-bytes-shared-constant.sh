#!/usr/bin/env bash
# The option that makes 8-bit sums exact on older processors refuses models whose layers share a constant.
#
# Package:  onnxruntime 1.31.1
# Platform: Linux x86-64 without 8-bit dot products (VNNI): AMD before Zen 4, Intel before 2019. qemu-user shows it on
#           every processor.
# Expected: `session.x64quantprecision` = 1 costs speed only: weights become unsigned, so that no sum overflows. Models
#           that load without it load with it, whatever their nodes share.
# Happens:  two convolutions with one zero point of their weights, or with one weight, do not load: "Attempt to replace
#           the existing tensor". On newer processors the option does nothing, so that the same program with the same
#           file works where it was written and fails elsewhere. Without the option the sums are silently wrong there:
#           the largest come out half as large.
set -euo pipefail
command -v qemu-x86_64 >/dev/null || { echo "qemu-x86_64 is needed: the package qemu-user" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1
cd "$folder"
# A processor of 2013, whatever this machine has.
qemu-x86_64 -cpu Haswell "$folder/venv/bin/python" - 2> >(grep -v "TCG doesn't support" >&2) <<'END'
import platform
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print("onnxruntime", version("onnxruntime"), "| onnx", version("onnx"), "| Python", platform.python_version())
CHANNELS, LIMIT = 64, 255 * 127


def model(weights, zeros):
    """Two convolutions of bytes, one after the other, that read these constants."""
    codes = np.full((CHANNELS, CHANNELS, 1, 1), 127, np.int8)
    constants = {"one": np.float32(1), "low": np.uint8(0), "step": np.float32(CHANNELS * 127)}
    constants |= {name: codes for name in weights} | {name: np.int8(0) for name in zeros}
    quantise, dequantise = "QuantizeLinear", "DequantizeLinear"
    nodes = [
        helper.make_node(quantise, ["x", "one", "low"], ["x8"]),
        helper.make_node(dequantise, ["x8", "one", "low"], ["a0"]),
    ]
    for k, (weight, zero) in enumerate(zip(weights, zeros)):
        nodes += [
            helper.make_node(dequantise, [weight, "one", zero], [f"w{k}"]),
            helper.make_node("Conv", [f"a{k}", f"w{k}"], [f"c{k}"]),
            helper.make_node(quantise, [f"c{k}", "step", "low"], [f"q{k}"]),
            helper.make_node(dequantise, [f"q{k}", "one" if k == 0 else "step", "low"], [f"a{k + 1}"]),
        ]
    sides = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, CHANNELS, 2, 2)) for n in ("x", "a2")]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "two", sides[:1], sides[1:], stored)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def answer(content, exact):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.x64quantprecision", exact)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return "refused: " + str(error).rpartition("Attempt to")[2].strip()
    (found,) = session.run(None, {"x": np.full((1, CHANNELS, 2, 2), 255, np.float32)})
    return f"{float(found.mean()) / (CHANNELS * LIMIT):.2f} of the right sum"


CASES = {
    "constants of its own for each layer": (["v0", "v1"], ["z0", "z1"]),
    "one zero point": (["v0", "v1"], ["z", "z"]),
    "one weight": (["v", "v"], ["z0", "z1"]),
}
found = {}
for name, case in CASES.items():
    content = model(*case)
    found[name] = [answer(content, exact) for exact in "01"]
    print(f"{name}: without the option {found[name][0]}; with it {found[name][1]}")
alone, *shared = found.values()
if not alone[1].startswith("1.00"):
    sys.exit("changed: the option does not make sums exact")
if any(not with_it.startswith("refused: replace the existing tensor") for _, with_it in shared):
    sys.exit("changed: the option takes models whose layers share a constant")
if any(without.startswith(("1.00", "refused")) for without, _ in found.values()):
    sys.exit("changed: sums are right without the option")
END
