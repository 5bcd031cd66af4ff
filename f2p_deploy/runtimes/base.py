"""The base class of all runtimes: it checks inputs and outputs, and has a Python method for each graph."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import numpy as np

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Arrays, Artifact, TensorSpec, Verified
from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.bundle import label_of
from f2p_deploy.model.settings import BundleSettings, from_data
from f2p_deploy.runtimes.checks import check_input
from f2p_deploy.runtimes.search_plan import Plan, WholeSearch
from f2p_deploy.runtimes.step_tensors import StepOutputs, step_inputs, step_of_version_2
from f2p_deploy.system.errors import FloorMissed, InputError, MissingDependency
from f2p_deploy.system.extras import install_line, package_line
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.threads import check_threads

#: Takes a step: called with the tensors that `step_inputs` returns, and whether to check them.
StepCall = Callable[[Mapping[str, np.ndarray], bool], dict[str, np.ndarray]]


class Runtime(ABC):
    """Runs the graphs of one artifact; NumPy in, NumPy out.

    Thread-safe: any thread may call any method at any time. A call returns the same bits as it would if nothing else
    ran. Returned arrays belong to the caller and never change. How many calls run in parallel depends on the runtime.

    Args:
        artifact: as `read_artifact` returns it, files checked.
        threads: number of threads for one call; None for all cores that this process may use, see
            `f2p_deploy.system.threads`.
        device: the card's number, for a runtime that computes on one.

    Raises:
        InputError: fewer than one thread, or a card for a runtime that computes on the processor.
        MissingDependency: this machine cannot run it.
    """

    #: The name for `load` and `--runtime`.
    name: ClassVar[str]
    #: One line for tables.
    summary: ClassVar[str]
    #: Suffixes of the graph files that it runs; empty for a runtime of bundles.
    suffixes: ClassVar[tuple[str, ...]]
    #: The Python module that it needs.
    module: ClassVar[str]
    #: The extra of this package that installs the module; empty for the base install.
    extra: ClassVar[str] = ""
    #: Whether it computes on an NVIDIA card, so that `device` may choose one.
    on_card: ClassVar[bool] = False
    #: The user's choice to search through the shortcut (True) or exactly (False); None for the bundle's setting.
    fast: bool | None = None

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        self.require_usable(threads, device)
        self.artifact = artifact
        self.threads = threads
        self.device = device
        self._ready: dict[str, Any] = {}
        self._locks = {graph: Lock() for graph in artifact.manifest.graphs}

    @classmethod
    def require_usable(cls, threads: int | None = None, device: int = 0) -> None:
        """Raise unless this machine can run it with this number of threads, on this card.

        Raises:
            InputError: fewer than one thread, or a card for a runtime that computes on the processor.
            MissingDependency: a package or hardware is missing.
        """
        check_threads(threads)
        if device < 0:
            raise InputError(f"cards are counted from 0, found {device}")
        if device and not cls.on_card:
            raise InputError(f"the runtime {cls.name!r} computes on the processor; the card {device} was asked for")
        if reason := cls.why_not_here():
            raise MissingDependency(f"the runtime {cls.name!r} cannot run here: {reason}")

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it and what to install; an empty string if it can."""
        if find_spec(cls.module) is not None:
            return ""
        install = install_line(cls.extra) if cls.extra else package_line(cls.module)
        return f"{cls.module} is not installed: {install}"

    @cached_property
    def schema(self) -> Schema:
        """The schema of the parameters.

        Raises:
            InputError: the manifest holds no schema.
        """
        return Schema.from_dict(self.artifact.manifest.schema, f"{self.artifact.folder / MANIFEST_FILE}: schema")

    @cached_property
    def settings(self) -> BundleSettings:
        """The bundle's settings, for alignment and generation.

        Raises:
            InputError: the manifest holds no settings.
        """
        source = f"{self.artifact.folder / MANIFEST_FILE}: settings"
        return from_data(BundleSettings, self.artifact.manifest.settings, source)

    @property
    def graphs(self) -> tuple[str, ...]:
        """Names of the artifact's graphs."""
        return tuple(self.artifact.manifest.graphs)

    @property
    def proves(self) -> Verified:
        """The value of `Manifest.verified` for a measurement by this runtime: it runs the artifact's own files."""
        return "runtime"

    @property
    def bundle_name(self) -> str:
        """The name of the bundle that it runs, or that the artifact was exported from."""
        return self.artifact.manifest.bundle

    @property
    def label(self) -> str:
        """What a page calls the bundle or the artifact that it runs, see `label_of`."""
        return label_of(self.folder, self.bundle_name)

    @property
    def bundle_fingerprint(self) -> str:
        """The fingerprint of that bundle."""
        return self.artifact.manifest.bundle_fingerprint

    @property
    def folder(self) -> Path:
        """The artifact's folder, or the bundle's."""
        return self.artifact.folder

    @property
    def identity(self) -> str:
        """A key of everything that determines results: the runtime's name and the SHA-256 of the manifest.

        Two identities may generate different characters from the same face.
        """
        manifest = self.artifact.folder / MANIFEST_FILE
        return self.search_identity(f"{self.name} {sha256_of(manifest)}" if manifest.is_file() else self.name)

    def search_identity(self, identity: str) -> str:
        """Return an identity together with the user's choice of the search, if there is one."""
        return identity if self.fast is None else f"{identity}, {'fast' if self.fast else 'exact'} search"

    def why_no_graph(self, graph: str) -> str:
        """Return a sentence that says why there is no graph of this name, and what to do about it."""
        without = "; --mode one-shot needs none" if graph in STEPS and "one_shot" in self.graphs else ""
        return (
            f"the artifact {self.artifact.folder} has only {', '.join(self.graphs) or 'none'}: "
            f"export the bundle again, to a target that has it, such as onnx{without}"
        )

    @property
    def outdated(self) -> Mapping[str, str]:
        """Sentences on networks that were trained on others than those that run, by name; none for an artifact."""
        return {}

    @abstractmethod
    def describe_device(self) -> str:
        """Return the library's name and version and the device, for manifests and tables."""

    def capture(self, plan: Plan, strict: bool = False) -> WholeSearch | None:
        """Return a search that runs as a single launch; None for a runtime that has none.

        Args:
            plan: the search's settings.
            strict: raise if the runtime captures searches, but not this one.
        """
        return None

    def prepare(self, graphs: Collection[str]) -> None:
        """Load graphs now instead of at their first use.

        Raises:
            InputError: there is no such graph.
        """
        for graph in graphs:
            self._loaded(graph)

    def _load(self, graph: str) -> Any:
        """Load a graph's file; called once for each graph."""
        return self.artifact.path(graph)

    def _loaded(self, graph: str) -> Any:
        """Return the result of `_load`. The first caller loads the graph; others wait for it.

        Raises:
            InputError: there is no such graph.
        """
        if (ready := self._ready.get(graph)) is not None:
            return ready
        self.artifact.path(graph)
        with self._locks[graph]:
            if graph not in self._ready:
                self._ready[graph] = self._load(graph)
            return self._ready[graph]

    @abstractmethod
    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one graph. The inputs have been checked."""

    def compute(self, graph: str, inputs: Arrays, check: bool = True) -> dict[str, np.ndarray]:
        """Run one graph by its name.

        Args:
            graph: one of `graphs`.
            inputs: by tensor name, with exactly the shape and dtype in the manifest.
            check: False to check neither the inputs, since they are outputs of another call, nor the outputs, since the
                caller does.

        Returns:
            The outputs by tensor name.

        Raises:
            InputError: no such graph, a missing or unknown tensor, a wrong shape, dtype or range, NaN.
            FloorMissed: the graph computed NaN.
        """
        if not check:
            return self._compute(graph, dict(inputs))
        outputs = self._compute(graph, self.checked(graph, inputs))
        for name, value in outputs.items():
            self.require_finite(graph, name, value)
        return outputs

    def rows(self, graph: str, count: int) -> int:
        """Return the number of samples of one call that computes `count` samples: the graph's batch, or all at once.

        Raises:
            InputError: there is no such graph.
        """
        self.artifact.path(graph)
        return self.artifact.manifest.graphs[graph].batch

    def checked(self, graph: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a graph's inputs after checking them, ready for `_compute`.

        Raises:
            InputError: as `compute` says.
        """
        self.artifact.path(graph)
        entry = self.artifact.manifest.graphs[graph]
        specs = entry.inputs
        if set(inputs) != {spec.name for spec in specs}:
            names = ", ".join(spec.name for spec in specs)
            raise InputError(f"{graph} takes the tensors {names}; found {', '.join(inputs) or 'none'}")
        given = getattr(inputs[specs[0].name], "shape", ())
        if given and given[0] != entry.batch and self.rows(graph, given[0]) == given[0]:
            wide = [spec if spec.name in entry.shared else spec.with_rows(given[0]) for spec in specs]
            specs = tuple(wide)
        return {spec.name: self.checked_input(graph, spec, inputs[spec.name]) for spec in specs}

    def checked_input(self, graph: str, spec: TensorSpec, value: Any) -> Any:
        """Return one input after checking it; see `check_input`."""
        return check_input(graph, spec, value)

    def require_finite(self, graph: str, name: str, value: np.ndarray) -> None:
        """Raise if a graph computed NaN or infinite values.

        Only outputs are checked. In OpenVINO 2026.4.1, Relu, Clip, MaxPool, Max and Min turn NaN into a number (Relu of
        NaN is 0), so a NaN from inside a graph may not reach an output. This is one reason why inputs are checked. An
        overflow that is clipped later is finite in every runtime. Arrays that stay on a card are not checked.

        Raises:
            FloorMissed: the output holds NaN or infinite values.
        """
        if not np.isfinite(value).all():
            raise FloorMissed(
                f"{graph} computed NaN or infinite values in {name} with {self.name}: "
                "export again at a higher precision, or report it with the artifact's manifest"
            )

    def one_shot(self, face: np.ndarray) -> np.ndarray:
        """Return the parameters of an aligned face.

        Args:
            face: (N, 3, S, S) float32 RGB in [0, 1].

        Returns:
            (N, n) float32: controllers in [0, 1], discrete groups as probabilities.
        """
        return self.compute("one_shot", {"face": face})["parameters"]

    def describe(self, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the identity embedding and the facial content of an aligned face, for the losses (eqs. 5 and 6).

        Args:
            face: (N, 3, S, S) float32 RGB in [0, 1].

        Returns:
            (N, d) identity and (N, C, H, W) content, float32.
        """
        outputs = self.compute("describe", {"face": face})
        return outputs["identity"], outputs["content"]

    def render(self, parameters: np.ndarray) -> np.ndarray:
        """Render parameters with the imitator.

        Args:
            parameters: (N, n) float32 in [0, 1].

        Returns:
            (N, 3, S, S) float32 RGB in [0, 1].
        """
        return self.compute("render", {"parameters": parameters})["image"]

    def step(
        self,
        state: np.ndarray,
        identity: np.ndarray,
        content: np.ndarray,
        learning_rate: float,
        *,
        before: np.ndarray | None = None,
        locked: np.ndarray | None = None,
        momentum: float = 0.0,
        beta: float | None = None,
        discrete_rate: float | None = None,
    ) -> StepOutputs:
        """Take one gradient step of iterative generation (section 3.4.2, eq. 9); `search.iterate` takes all of them.

        Args:
            state: (N, n) float32: controllers in [0, 1], then unbounded logits of the discrete groups.
            identity, content: (N, d) and (N, C, H, W) float32 of the photos, as `describe` returns them.
            learning_rate: mu, at least 0; 0 computes the loss without moving the state.
            before: (N, n) float32, the previous step's `state`, for the momentum; None for the first step.
            locked: (n,) bool, entries that never change; None for none.
            momentum: Nesterov momentum coefficient, in [0, 1).
            beta, discrete_rate: see `f2p_deploy.model.settings.IterativeSettings`; None for the bundle's settings for
                iterative generation.

        Raises:
            InputError: as `compute` says.
        """
        settings = self.settings.iterative
        inputs = step_inputs(
            state,
            state if before is None else before,
            {"identity": identity, "content": content},
            learning_rate,
            locked=locked,
            momentum=momentum,
            beta=settings.beta if beta is None else beta,
            discrete_rate=settings.discrete_rate if discrete_rate is None else discrete_rate,
        )
        return StepOutputs(**self.take_step(inputs))

    def take_step(
        self, inputs: Mapping[str, np.ndarray], graph: str = "step", check: bool = True
    ) -> dict[str, np.ndarray]:
        """Run the graph `step` of any format version, or `step_fast`, with the tensors that `step_inputs` returns.

        Args:
            inputs: see `step_inputs`.
            graph: `step` or `step_fast`.
            check: see `compute`.

        Returns:
            `next_state`, `loss` and `lookahead`, see `StepOutputs`.

        Raises:
            InputError: as `compute` says.
        """
        return self.stepper(graph)(inputs, check)

    def stepper(self, graph: str = "step") -> StepCall:
        """Return the function that `take_step` calls, for a loop over many steps.

        Raises:
            InputError: there is no such graph.
        """
        self.artifact.path(graph)
        names = [spec.name for spec in self.artifact.manifest.graphs[graph].inputs]
        if "before" not in names:
            built_in, n_c = self.settings.iterative, self.schema.n_c
            return lambda inputs, check: step_of_version_2(partial(self.compute, graph), inputs, built_in, n_c)
        return lambda inputs, check: self.compute(graph, {name: inputs[name] for name in names}, check)


RUNTIMES: dict[str, type[Runtime]] = {}


def register_runtime(runtime: type[Runtime]) -> type[Runtime]:
    """Add a runtime to `RUNTIMES` under its name; a class decorator."""
    RUNTIMES[runtime.name] = runtime
    return runtime
