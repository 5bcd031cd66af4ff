"""Lowers one program of torch.export with ExecuTorch and runs it with its runtime, for measure.py."""

import os
import sys
from importlib.metadata import version

import in_other_python
import numpy as np


def build(model: str, inputs: list[str], outputs: list[str]) -> in_other_python.Run:
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower
    from executorch.runtime import Runtime

    partitioners = [] if "--plain" in sys.argv else [XnnpackPartitioner()]
    lowered = to_edge_transform_and_lower(torch.export.load(model), partitioner=partitioners).to_executorch()
    method = Runtime.get().load_program(lowered.buffer).load_method("forward")

    def run(given: dict[str, np.ndarray]) -> list[np.ndarray]:
        found = method.execute([torch.from_numpy(np.ascontiguousarray(given[name])) for name in inputs])
        return [tensor.clone().numpy() for tensor in found]

    return run


def described() -> str:
    kernels = "portable kernels" if "--plain" in sys.argv else "XNNPACK"
    return f"executorch {version('executorch')}, torch {version('torch')}, CPU, {kernels}, {os.uname().machine}"


if __name__ == "__main__":
    in_other_python.main(described, build)
