"""Runs one ONNX graph with ONNX Runtime in another Python, also of another processor, for measure.py."""

import os

import in_other_python
import numpy as np
import onnxruntime


def build(model: str, inputs: list[str], outputs: list[str]) -> in_other_python.Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(given: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [np.asarray(part) for part in session.run(outputs, {name: given[name] for name in inputs})]

    return run


if __name__ == "__main__":
    in_other_python.main(lambda: f"onnxruntime {onnxruntime.__version__}, CPU, {os.uname().machine}", build)
