"""What makes characters of aligned faces: a bundle in PyTorch, or an artifact in a runtime."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from f2p_deploy.artifact.artifact import MANIFEST_FILE, sha256_of
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Generation, Mode, Progress
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.pipeline.drawn import FOLDER, Drawn, read_drawn
from f2p_deploy.runtimes import Runtime, search
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import missing_modules, require


class Maker(Protocol):
    """Generates characters and draws them."""

    @property
    def name(self) -> str:
        """The bundle's name."""

    @property
    def fingerprint(self) -> str:
        """The bundle's fingerprint."""

    @property
    def identity(self) -> str:
        """What computes: another one may make another character of the same face."""

    @property
    def schema(self) -> Schema:
        """What the parameters mean."""

    @property
    def settings(self) -> BundleSettings:
        """How faces are aligned and characters generated."""

    @property
    def made_with(self) -> str:
        """Name and version of what computes, and where."""

    @property
    def draws(self) -> bool:
        """Whether there is an imitator, so that `render` can draw."""

    def check(self, modes: Sequence[Mode]) -> None:
        """Raise unless everything is there that modes need.

        Raises:
            InputError: a part is missing.
            MissingDependency: a package is.
        """

    def prepare(self, modes: Sequence[Mode]) -> None:
        """Load what modes need, so that the first photo takes no longer than the others."""

    def generate(
        self, face: np.ndarray, mode: Mode, keep: Parameters | None, progress: Progress, shape: np.ndarray | None = None
    ) -> Generation:
        """Make a character, see `f2p_deploy.model.generation.generate`."""

    def render(self, parameters: Parameters) -> np.ndarray:
        """Draw a character with the imitator: (S, S, 3) uint8 RGB."""

    def drawn(self, parameters: Parameters) -> np.ndarray | None:
        """Return the picture (S, S, 3) uint8 that the engine drew of this very character beforehand, if it did."""


def maker_for(source: Bundle | Runtime) -> Maker:
    """Return what makes characters of a bundle, or of the artifact in a runtime."""
    return BundleMaker(source) if isinstance(source, Bundle) else RuntimeMaker(source)


def check_packages(purpose: str = "running a bundle, unlike an artifact (--artifact DIR),") -> None:
    """Raise unless PyTorch is installed.

    Args:
        purpose: what needs it, as the subject of a sentence.

    Raises:
        MissingDependency: with the line that installs it.
    """
    if "torch" in missing_modules("export"):
        require("export", purpose)


class BundleMaker:
    """A bundle in PyTorch.

    Args:
        bundle: a complete one, or one without a translator where only iterative generation is asked for.
    """

    identity = "torch"

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.name = bundle.name
        self.fingerprint = bundle.fingerprint
        self.schema = bundle.schema
        self.settings = bundle.settings

    @property
    def made_with(self) -> str:
        """PyTorch's version."""
        import torch

        return f"torch {torch.__version__}, CPU"

    @property
    def draws(self) -> bool:
        """Whether the bundle has an imitator yet."""
        return "imitator" in self.bundle.networks

    def check(self, modes: Sequence[Mode]) -> None:
        """Raise unless PyTorch and the networks are there."""
        check_packages()
        for name in _networks_for(self.bundle, modes):
            if name not in self.bundle.networks:
                raise InputError(f"the bundle {self.bundle.path} has no {name} yet: f2p-deploy train {name} makes it")
        _ = self._drawn

    def prepare(self, modes: Sequence[Mode]) -> None:
        """Read the weights."""
        drawing = ("imitator",) if self.draws else ()
        for name in dict.fromkeys((*_networks_for(self.bundle, modes), *drawing, "similarity")):
            getattr(self.bundle, name)

    def generate(
        self, face: np.ndarray, mode: Mode, keep: Parameters | None, progress: Progress, shape: np.ndarray | None = None
    ) -> Generation:
        """Make a character."""
        from f2p_deploy.model.generation import generate

        return generate(self.bundle, face, mode, keep, progress, shape)

    def render(self, parameters: Parameters) -> np.ndarray:
        """Draw a character."""
        check_packages()
        from f2p_deploy.model.generation import render

        return render(self.bundle, parameters)

    def drawn(self, parameters: Parameters) -> np.ndarray | None:
        """Look beside the bundle."""
        return self._drawn.find(parameters)

    @cached_property
    def _drawn(self) -> Drawn:
        return read_drawn(self.bundle.path / FOLDER, self.schema)


class RuntimeMaker:
    """An artifact in a runtime, without PyTorch."""

    draws = True

    def __init__(self, runtime: Runtime) -> None:
        manifest = runtime.artifact.manifest
        self.runtime = runtime
        self.name = manifest.bundle
        self.fingerprint = manifest.bundle_fingerprint
        self.schema = runtime.schema
        self.settings = runtime.settings

    @property
    def identity(self) -> str:
        """The runtime, and the artifact that it runs."""
        manifest = self.runtime.artifact.folder / MANIFEST_FILE
        return f"{self.runtime.name} {sha256_of(manifest)}" if manifest.is_file() else self.runtime.name

    @property
    def made_with(self) -> str:
        """The runtime's own words."""
        return self.runtime.describe_device()

    def check(self, modes: Sequence[Mode]) -> None:
        """Raise unless the artifact has the graphs."""
        for mode in modes:
            search.require_mode(self.runtime, mode)
        search.require_graph(self.runtime, "render", "a character's picture")

    def prepare(self, modes: Sequence[Mode]) -> None:
        """Load the graphs."""
        self.runtime.prepare(_graphs_for(self.runtime, modes))

    def generate(
        self, face: np.ndarray, mode: Mode, keep: Parameters | None, progress: Progress, shape: np.ndarray | None = None
    ) -> Generation:
        """Make a character."""
        return search.generate(self.runtime, face, mode, keep, progress, shape)

    def render(self, parameters: Parameters) -> np.ndarray:
        """Draw a character."""
        return search.render(self.runtime, parameters)

    def drawn(self, parameters: Parameters) -> np.ndarray | None:
        """Look beside the artifact: the demo bundle's lies in the bundle's folder."""
        return self._drawn.find(parameters)

    @cached_property
    def _drawn(self) -> Drawn:
        return read_drawn(self.runtime.artifact.folder / FOLDER, self.schema)


def _networks_for(bundle: Bundle, modes: Sequence[Mode]) -> tuple[str, ...]:
    """Return the networks that modes cannot go without; where a surrogate is searched, the imitator only draws."""
    settings = bundle.settings
    searched = ("surrogate",) if settings.search == "surrogate" else ("imitator",)
    trying = ("imitator",) if settings.choose_options else ()
    translator = () if set(modes) == {"iterative"} else ("translator",)
    return (*dict.fromkeys((*searched, *trying)), "recognition", "segmentation", *translator)


def _graphs_for(runtime: Runtime, modes: Sequence[Mode]) -> tuple[str, ...]:
    """Return the graphs that modes need, and the one that draws."""
    needed = (graph for mode in modes for graph in search.graphs_for(runtime, mode))
    return tuple(dict.fromkeys((*needed, "render")))
