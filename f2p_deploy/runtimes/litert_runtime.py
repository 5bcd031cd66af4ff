"""LiteRT, formerly TensorFlow Lite: the interpreter of `.tflite` files, with XNNPACK's kernels."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.threads import default_threads, usable_cores


class _Interpreted(NamedTuple):
    """A graph's signature, which keeps its interpreter, and the lock of the thread that uses them."""

    run: Any
    lock: Lock


@register_runtime
class LiteRt(Runtime):
    """LiteRT's interpreter on the processor, with XNNPACK where it has kernels.

    An interpreter computes in memory of its own, so calls of one graph wait for one another; calls of different graphs
    run in parallel.
    """

    name = "litert"
    summary = "LiteRT on the processor, XNNPACK"
    suffixes = (".tflite",)
    module = "ai_edge_litert"
    extra = "litert"

    def describe_device(self) -> str:
        """Return the version of LiteRT and the kernels' name."""
        return f"ai-edge-litert {version('ai-edge-litert')}, CPU, XNNPACK"

    def _load(self, graph: str) -> _Interpreted:
        from ai_edge_litert.interpreter import Interpreter

        file = self.artifact.path(graph)
        threads = self.threads or default_threads() or usable_cores()
        try:
            interpreter = Interpreter(str(file), num_threads=threads)
            interpreter.allocate_tensors()
            runner = interpreter.get_signature_runner()
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{file} is no file that LiteRT can run; {SAID}") from error
        entry = self.artifact.manifest.graphs[graph]
        _require_shapes(file, runner.get_input_details(), "args", entry.inputs)
        _require_shapes(file, runner.get_output_details(), "output", entry.outputs)
        return _Interpreted(runner, Lock())

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        entry, ready = self.artifact.manifest.graphs[graph], self._loaded(graph)
        given = {f"args_{k}": inputs[spec.name] for k, spec in enumerate(entry.inputs)}
        with ready.lock:
            found = ready.run(**given)  # copies of the interpreter's memory
        return {spec.name: found[f"output_{k}"] for k, spec in enumerate(entry.outputs)}


def _require_shapes(
    file: Path, found: Mapping[str, Mapping[str, Any]], prefix: str, specs: tuple[TensorSpec, ...]
) -> None:
    """Raise unless a file's tensors are the manifest's, in its order.

    Raises:
        InputError: it has others.
    """
    shapes = {name: tuple(int(edge) for edge in tensor["shape"]) for name, tensor in found.items()}
    wanted = {f"{prefix}_{k}": tuple(spec.shape) for k, spec in enumerate(specs)}
    if shapes != wanted:
        raise InputError(f"{file} has the tensors {shapes}, and its manifest says {wanted}")
