"""What every runtime does: checks what goes in and comes out, and gives the graphs their Python names."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from f2p_deploy.artifact import Arrays, Artifact, TensorSpec
from f2p_deploy.errors import F2PError, InputError

#: How far rounding may carry an input out of its range.
RANGE_TOLERANCE = 1e-3


class Runtime(ABC):
    """Runs the graphs of one artifact; NumPy in, NumPy out.

    Args:
        artifact: checked, as `read_artifact` gives it.
        threads: how many threads to use; all cores if None.
    """

    #: The word for `load` and `--runtime`.
    name: ClassVar[str]
    #: Endings of the graph files that it runs.
    suffixes: ClassVar[tuple[str, ...]]
    #: The extra of this package that it needs; empty for the base install.
    extra: ClassVar[str] = ""

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, found {threads}")
        self.artifact = artifact
        self.threads = threads

    @property
    def graphs(self) -> tuple[str, ...]:
        """Names of the artifact's graphs."""
        return tuple(self.artifact.manifest.graphs)

    @abstractmethod
    def describe_device(self) -> str:
        """Return name, version and device of what computes, for manifests and tables."""

    @abstractmethod
    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one graph; inputs are checked already."""

    def compute(self, graph: str, inputs: Arrays) -> dict[str, np.ndarray]:
        """Run one graph by its name.

        Args:
            graph: a name of `graphs`.
            inputs: by tensor name, of exactly the shape and dtype that the manifest says.

        Returns:
            The outputs by tensor name.

        Raises:
            InputError: no such graph, a missing or unknown tensor, a wrong shape, dtype or range, NaN.
            F2PError: the graph computed NaN.
        """
        self.artifact.path(graph)
        entry = self.artifact.manifest.graphs[graph]
        names = [spec.name for spec in entry.inputs]
        if set(inputs) != set(names):
            raise InputError(f"{graph} takes the tensors {', '.join(names)}; found {', '.join(inputs) or 'none'}")
        checked = {spec.name: _checked_input(graph, spec, inputs[spec.name]) for spec in entry.inputs}
        outputs = self._compute(graph, checked)
        for name, value in outputs.items():
            if not np.isfinite(value).all():
                raise F2PError(
                    f"{graph} computed NaN or infinite values in {name} with {self.name}: "
                    "export again at a higher precision, or report it with the artifact's manifest"
                )
        return outputs

    def one_shot(self, face: np.ndarray) -> np.ndarray:
        """Return the parameters of an aligned face.

        Args:
            face: (N, 3, S, S) float32 RGB in [0, 1].

        Returns:
            (N, n) float32: controllers in [0, 1], discrete groups as probabilities.
        """
        return self.compute("one_shot", {"face": face})["parameters"]

    def describe(self, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the losses compare (eqs. 5 and 6).

        Args:
            face: (N, 3, S, S) float32 RGB in [0, 1].

        Returns:
            (N, 256) identity and (N, C, H, W) content, float32.
        """
        outputs = self.compute("describe", {"face": face})
        return outputs["identity"], outputs["content"]

    def render(self, parameters: np.ndarray) -> np.ndarray:
        """Return the imitator's picture of parameters.

        Args:
            parameters: (N, n) float32 in [0, 1].

        Returns:
            (N, 3, S, S) float32 RGB in [0, 1].
        """
        return self.compute("render", {"parameters": parameters})["image"]


RUNTIMES: dict[str, type[Runtime]] = {}


def register(name: str, suffixes: tuple[str, ...], extra: str = "") -> Callable[[type[Runtime]], type[Runtime]]:
    """Return a decorator that makes a runtime known by its name."""

    def decorate(runtime: type[Runtime]) -> type[Runtime]:
        runtime.name, runtime.suffixes, runtime.extra = name, suffixes, extra
        RUNTIMES[name] = runtime
        return runtime

    return decorate


def _checked_input(graph: str, spec: TensorSpec, value: np.ndarray) -> np.ndarray:
    """Return an input as a contiguous array if it is what the graph was exported for."""
    where = f"{graph}: the tensor {spec.name!r}"
    if not isinstance(value, np.ndarray):
        raise InputError(f"{where} must be a NumPy array, found {type(value).__name__}")
    if value.dtype != np.dtype(spec.dtype):
        raise InputError(f"{where} must be {spec.dtype}, found {value.dtype} ({spec.meaning})")
    if value.shape != spec.shape:
        hint = ""
        if value.shape[1:] == spec.shape[1:]:
            hint = f": the artifact was exported for batches of {spec.shape[0]}"
        raise InputError(f"{where} must have the shape {spec.shape}, found {value.shape}{hint}")
    if not np.isfinite(value).all():
        raise InputError(f"{where} holds NaN or infinite values")
    low, high = float(value.min()), float(value.max())
    below = spec.low is not None and low < spec.low - RANGE_TOLERANCE
    above = spec.high is not None and high > spec.high + RANGE_TOLERANCE
    if below or above:
        raise InputError(
            f"{where} must lie in [{spec.low:g}, {spec.high:g}], found values from {low:g} to {high:g} ({spec.meaning})"
        )
    return np.ascontiguousarray(value)
