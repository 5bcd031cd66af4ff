"""Converts one program of torch.export with litert-torch and runs it with LiteRT's interpreter, for measure.py."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

import in_other_python
import numpy as np


def build(model: str, inputs: list[str], outputs: list[str]) -> in_other_python.Run:
    import litert_torch
    import torch
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    if not Path(f"{model}.tflite").is_file():
        program = torch.export.load(model)
        names = program.graph_signature.user_inputs
        tensors = tuple(torch.zeros(node.meta["val"].shape) for node in program.graph.nodes if node.name in names)
        litert_torch.convert(program.module(), tensors).export(f"{model}.tflite")
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if "--plain" in sys.argv else OpResolverType.AUTO
    interpreter = Interpreter(f"{model}.tflite", num_threads=1, experimental_op_resolver_type=kind)
    runner = interpreter.get_signature_runner()

    def run(given: dict[str, np.ndarray]) -> list[np.ndarray]:
        found = runner(**{f"args_{k}": given[name] for k, name in enumerate(inputs)})
        return [found[f"output_{k}"] for k in range(len(outputs))]

    return run


def described() -> str:
    kernels = "kernels without XNNPACK" if "--plain" in sys.argv else "XNNPACK"
    names = ", ".join(f"{name} {version(name)}" for name in ("ai-edge-litert", "litert-torch", "torch"))
    return f"{names}, CPU, {kernels}, {os.uname().machine}"


if __name__ == "__main__":
    in_other_python.main(described, build)
