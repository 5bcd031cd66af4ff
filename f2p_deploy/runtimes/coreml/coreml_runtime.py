"""Core ML: Apple's own runtime on a Mac, everywhere else the reference interpreter of the saved packages."""

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

#: Inputs that packages take as pictures of 8 bits a channel; the program multiplies them by 1/255 itself.
PICTURES = ("face",)


#: coremltools gives this name to something of its own.
RENAMED = {"state": "current_state"}


def swift_name(name: str) -> str:
    """Return a tensor's name as Swift writes names: `learning_rate` becomes `learningRate`."""
    name = RENAMED.get(name, name)
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def is_picture(spec: TensorSpec) -> bool:
    """Say whether a package takes a tensor as a picture: Core ML has no batches of those."""
    return spec.name in PICTURES and spec.shape[0] == 1


@register_runtime(
    "coreml", "Core ML on a Mac; elsewhere its packages, interpreted", (".mlpackage",), "coremltools", "coreml"
)
class CoreMl(Runtime):
    """Core ML packages. A graph is loaded when it is first used.

    Where there is no Core ML, the saved packages are interpreted: slowly, and by their documents; `proves` says which.
    A face is rounded to 8 bits a channel, as every photo is. Calls are interpreted side by side; on a Mac those of one
    graph wait for one another, since Apple promises no more of a model than one call at a time.
    """

    @property
    def proves(self) -> Verified:
        """What a measurement by it proves."""
        return "runtime" if on_a_mac() else "reference"

    def describe_device(self) -> str:
        """Return what computes, with its version."""
        tools = f"coremltools {version('coremltools')}"
        if on_a_mac():
            return f"Core ML of macOS {platform.mac_ver()[0]}, {tools}"
        return f"reference interpreter of Core ML packages, {tools}, torch {version('torch')}"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        entry = self.artifact.manifest.graphs[graph]
        found = self._loaded(graph)(core_ml_inputs(entry.inputs, inputs))
        return core_ml_outputs(entry.outputs, found, self.artifact.path(graph))

    def _load(self, graph: str) -> Any:
        path = self.artifact.path(graph)
        return _on_device(path, graph) if on_a_mac() else _interpreted(path, graph, self.threads)


def on_a_mac() -> bool:
    """Say whether this machine has Core ML."""
    return platform.system() == "Darwin"


def core_ml_inputs(specs: Sequence[TensorSpec], inputs: Arrays) -> dict[str, np.ndarray]:
    """Return a graph's inputs by the names of its package; pictures as numbers from 0 to 255."""
    return {
        swift_name(spec.name): _pixels(inputs[spec.name]) if is_picture(spec) else inputs[spec.name] for spec in specs
    }


def core_ml_outputs(specs: Sequence[TensorSpec], found: Arrays, package: Path) -> dict[str, np.ndarray]:
    """Return a graph's outputs by its own names.

    Raises:
        InputError: the package gave something else.
    """
    missing = [spec.name for spec in specs if swift_name(spec.name) not in found]
    if missing:
        raise InputError(
            f"{package} gives {', '.join(found)}, but no {swift_name(missing[0])}: "
            "it is not the package that the manifest describes"
        )
    # Copies, so that no answer is part of what the package keeps, or of another answer.
    return {spec.name: np.array(found[swift_name(spec.name)], np.float32).reshape(spec.shape) for spec in specs}


def _interpreted(path: Path, graph: str, threads: int | None) -> Any:
    from f2p_deploy.runtimes.coreml.mil.program import Program

    return Program(path, threads, function=graph).compute


def _on_device(path: Path, graph: str) -> Any:
    """Return a call of Core ML itself."""
    import coremltools
    from PIL import Image

    from f2p_deploy.artifact.coreml_file import function_for

    function = function_for(coremltools.models.utils.load_spec(str(path)), graph, path)
    named = {} if function == MAIN else {"function_name": function}
    model = coremltools.models.MLModel(str(path), **named)
    one_call = Lock()

    def compute(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        pictures = {
            name: Image.fromarray(value[0].transpose(1, 2, 0).astype(np.uint8)) if name in PICTURES else value
            for name, value in given.items()
        }
        with one_call:
            return model.predict(pictures)

    return compute


def _pixels(face: np.ndarray) -> np.ndarray:
    """Return a face in [0, 1] as numbers from 0 to 255 that 8 bits can hold."""
    return np.rint(np.clip(face, 0.0, 1.0) * 255.0).astype(np.float32)
