"""A stand-in for Triton's backend `onnxruntime` where only the server is installed: the Python backend runs the file.

Triton loads it as `backends/onnxruntime/model.py`. The server still reads `config.pbtxt`, gathers batches, checks types
and shapes, and runs ensembles; only the call of ONNX Runtime comes from Python.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One instance of a model whose file is `model.onnx`; all requests of a call become one batch."""

    def initialize(self, args):
        folder = Path(args["model_repository"]) / args["model_version"]
        self.batches = json.loads(args["model_config"])["max_batch_size"] > 0
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self.names = [output.name for output in self.session.get_outputs()]

    def execute(self, requests):
        given = [{tensor.name(): tensor.as_numpy() for tensor in request.inputs()} for request in requests]
        counts = [len(next(iter(one.values()))) for one in given]
        if self.batches:
            together = {name: np.concatenate([one[name] for one in given]) for name in given[0]}
            computed = self.session.run(self.names, together)
            parts = [np.split(value, np.cumsum(counts)[:-1]) for value in computed]
            rows = list(zip(*parts, strict=True))
        else:
            rows = [self.session.run(self.names, one) for one in given]
        answers = []
        for request, row in zip(requests, rows, strict=True):
            wanted = set(request.requested_output_names())
            pairs = zip(self.names, row, strict=True)
            tensors = [pb_utils.Tensor(name, np.ascontiguousarray(value)) for name, value in pairs if name in wanted]
            answers.append(pb_utils.InferenceResponse(output_tensors=tensors))
        return answers
