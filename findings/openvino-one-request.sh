#!/usr/bin/env bash
# Threads that call one compiled model get one another's answers.
#
# Package:  openvino 2026.4.1
# Platform: Linux x86-64, the CPU device, one stream and one thread of its own
# Expected: compiled(inputs) belongs to its caller: its docstring says that it blocks all methods of the model while a
#           request is running.
# Happens:  all callers share one hidden request. Of 4 x 200 calls from four threads most return what another thread
#           asked for: finite, of the right shape, no error. With a request of their own (create_infer_request) none do.
#           With the default number of streams most calls raise "Infer Request is busy" and some of the others are wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 openvino==2026.4.1
cd "$folder"
"$folder/venv/bin/python" - <<'END'
import platform
import sys
import threading
from importlib.metadata import version

import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

print("openvino", version("openvino"), "| onnx", version("onnx"), "| Python", platform.python_version())
THREADS, CALLS, SIDE = 4, 200, 16
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIDE, SIDE]) for name in "xy")
identity = numpy_helper.from_array(np.eye(SIDE, dtype=np.float32), "w")
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "identity", [x], [y], [identity])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
core = openvino.Core()
options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}
compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU", options)


def wrong_answers(own_requests: bool) -> int:
    """Let every thread ask for its own number, and count the answers that hold another."""
    wrong = [0] * THREADS

    def work(number: int) -> None:
        ask = compiled.create_infer_request().infer if own_requests else compiled
        given = np.full((SIDE, SIDE), number, np.float32)
        for _ in range(CALLS):
            wrong[number] += not (np.array(ask({"x": given})["y"]) == number).all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(wrong)


shared, own = wrong_answers(False), wrong_answers(True)
print(f"wrong answers of {THREADS * CALLS}: {shared} from the compiled model, {own} from requests of their own")
if own or not shared:
    sys.exit("changed: expected wrong answers from the shared model and none from requests of their own")
END
