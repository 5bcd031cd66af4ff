"""Core ML: Apple's runtime on a Mac; on other machines a reference interpreter of the saved packages."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Arrays, TensorSpec, Verified
from f2p_deploy.artifact.coreml_file import MAIN
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.errors import InputError

#: Inputs that packages take as images of 8 bits per channel; the program itself multiplies them by 1/255.
PICTURES = ("face",)

#: Tensors with a name that coremltools reserves.
RENAMED = {"state": "current_state"}


def swift_name(name: str) -> str:
    """Return a tensor's name as Swift writes names: `learning_rate` becomes `learningRate`."""
    name = RENAMED.get(name, name)
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def is_picture(spec: TensorSpec) -> bool:
    """Return whether a package takes a tensor as an image: only at batch size 1, Core ML has no batches of images."""
    return spec.name in PICTURES and spec.shape[0] == 1


@register_runtime
class CoreMl(Runtime):
    """Core ML packages. A graph is loaded when it is first used.

    On machines without Core ML, the saved packages are interpreted: slowly, and as MIL's documentation defines each
    operator. `proves` tells the two apart. A face is rounded to 8 bits per channel, like every photo. The interpreter
    runs calls in parallel; on a Mac the calls of one graph run one after another, since Apple does not document a model
    as thread-safe.
    """

    name = "coreml"
    summary = "Core ML on a Mac; elsewhere its packages, interpreted"
    suffixes = (".mlpackage",)
    module = "coremltools"
    extra = "coreml"

    @property
    def proves(self) -> Verified:
        """The value of `Manifest.verified` for a measurement by it: `runtime` on a Mac, else `reference`."""
        return "runtime" if on_a_mac() else "reference"

    def describe_device(self) -> str:
        """Return the name and version of Core ML or of the interpreter."""
        tools = f"coremltools {version('coremltools')}"
        if on_a_mac():
            return f"Core ML of macOS {platform.mac_ver()[0]}, {tools}"
        return f"reference interpreter of Core ML packages, {tools}, torch {version('torch')}"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        entry = self.artifact.manifest.graphs[graph]
        outputs = self._loaded(graph)(core_ml_inputs(entry.inputs, inputs))
        return core_ml_outputs(entry.outputs, outputs, self.artifact.path(graph))

    def _load(self, graph: str) -> Any:
        path = self.artifact.path(graph)
        return _on_device(path, graph) if on_a_mac() else _interpreted(path, graph, self.threads)


def on_a_mac() -> bool:
    """Return whether this machine has Core ML."""
    return platform.system() == "Darwin"


def core_ml_inputs(specs: Sequence[TensorSpec], inputs: Arrays) -> dict[str, np.ndarray]:
    """Return a graph's inputs by the names of its package; images as numbers from 0 to 255."""
    return {
        swift_name(spec.name): _pixels(inputs[spec.name]) if is_picture(spec) else inputs[spec.name] for spec in specs
    }


def core_ml_outputs(specs: Sequence[TensorSpec], outputs: Arrays, package: Path) -> dict[str, np.ndarray]:
    """Return a graph's outputs by the names of the manifest.

    Raises:
        InputError: the package lacks an output.
    """
    missing = [spec.name for spec in specs if swift_name(spec.name) not in outputs]
    if missing:
        raise InputError(
            f"{package} gives {', '.join(outputs)}, but no {swift_name(missing[0])}: "
            "it is not the package that the manifest describes"
        )
    # Copies, so that results share no memory with the package or with each other.
    return {spec.name: np.array(outputs[swift_name(spec.name)], np.float32).reshape(spec.shape) for spec in specs}


def _interpreted(path: Path, graph: str, threads: int | None) -> Any:
    from f2p_deploy.runtimes.coreml.mil.program import Program

    return Program(path, threads, function=graph).compute


def _on_device(path: Path, graph: str) -> Any:
    """Return a function that computes with Core ML itself."""
    import coremltools
    from PIL import Image

    from f2p_deploy.artifact.coreml_file import function_for

    function = function_for(coremltools.models.utils.load_spec(str(path)), graph, path)
    named = {} if function == MAIN else {"function_name": function}
    model = coremltools.models.MLModel(str(path), **named)
    one_call = Lock()

    def compute(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        values = {
            name: Image.fromarray(value[0].transpose(1, 2, 0).astype(np.uint8)) if name in PICTURES else value
            for name, value in inputs.items()
        }
        with one_call:
            return model.predict(values)

    return compute


def _pixels(face: np.ndarray) -> np.ndarray:
    """Return a face in [0, 1] as whole numbers from 0 to 255, float32."""
    return np.rint(np.clip(face, 0.0, 1.0) * 255.0).astype(np.float32)
