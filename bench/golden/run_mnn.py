"""Converts one ONNX graph with MNN's converter and runs it on the CPU backend, for measure.py."""

import contextlib
import os
from importlib.metadata import version
from pathlib import Path

import _tools
import in_other_python
import MNN
import MNN.expr as F
import numpy as np


def build(model: str, inputs: list[str], outputs: list[str]) -> in_other_python.Run:
    converted = f"{model}.mnn"
    # Not the command `mnnconvert`: it installs packages into whatever pip is on the path.
    words = ["mnnconvert", "-f", "ONNX", "--modelFile", model, "--MNNModel", converted, "--bizCode", "golden"]
    with contextlib.suppress(SystemExit):
        _tools.mnnconvert([*words, "--keepInputFormat=1"])
    if not Path(converted).is_file():
        raise RuntimeError("the converter wrote no file")
    config = {"backend": "CPU", "precision": "high", "numThread": 1}
    manager = MNN.nn.create_runtime_manager((config,))
    module = MNN.nn.load_module_from_file(converted, inputs, outputs, runtime_manager=manager, shape_mutable=False)

    def run(given: dict[str, np.ndarray]) -> list[np.ndarray]:
        variables = []
        for name in inputs:
            variable = F.placeholder(list(given[name].shape), F.NCHW, F.float)
            variable.write(np.ascontiguousarray(given[name]))
            variables.append(variable)
        return [np.array(F.convert(found, F.NCHW).read()) for found in module.onForward(variables)]

    return run


if __name__ == "__main__":
    in_other_python.main(lambda: f"MNN {version('MNN')}, CPU, precision high, {os.uname().machine}", build)
