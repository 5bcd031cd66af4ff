"""What a target is, and the table of those there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from f2p_deploy.artifact.artifact import GraphEntry, Verified
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.character.schema import suggestion
from f2p_deploy.export.source import Source
from f2p_deploy.runtimes import RUNTIMES
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import install_line, missing_modules
from f2p_deploy.system.progress import Progress

if TYPE_CHECKING:

    from f2p_deploy.export.int8.convert_int8 import Scheme


@dataclass(frozen=True)
class BuildOptions:
    """What a user may say about a build; each target takes some of it (`Target.options`).

    Args:
        flavor: which of the compilers behind one name: `tensorrt` or `rtx`; chosen by what is here if not given.
        compute_capabilities: the cards to build for, as NVIDIA numbers them (`8.9`); empty: the flavor's own choice.
        calibration: the folder of a calibration set, see `f2p_deploy.export.calibration`.
        keep_float: names of graphs that stay float beside others in 8 bits.
        ios: the oldest release of iOS that packages shall run on.
        weights: how weights lie in the files, one of `f2p_deploy.model.settings.Storage`; computed in float32 either
            way.
    """

    flavor: str | None = field(default=None, metadata={"flag": "--flavor"})
    compute_capabilities: tuple[str, ...] = field(default=(), metadata={"flag": "--compute-capability"})
    calibration: Path | None = field(default=None, metadata={"flag": "--calibration"})
    keep_float: tuple[str, ...] = field(default=(), metadata={"flag": "--keep-float"})
    ios: str | None = field(default=None, metadata={"flag": "--ios"})
    weights: str | None = field(default=None, metadata={"flag": "--weights"})

    def given(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each option that differs from its default, by the option's flag."""
        given = {}
        for option in fields(self):
            value = getattr(self, option.name)
            if value != option.default:
                given[option.metadata["flag"]] = tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)
        return given


#: Nothing asked for.
DEFAULT_OPTIONS = BuildOptions()


@dataclass(frozen=True)
class Toolchain:
    """What will compile here, and for which machines.

    Args:
        name: with its version, for people.
        hardware: what the files will run on, for `Manifest.hardware`; see `f2p_deploy.runtimes.hardware` for the keys
            that are compared.
        packages: versions of the compiler's packages, for `Manifest.tools`.
    """

    name: str
    hardware: Mapping[str, str]
    packages: Mapping[str, str] = field(default_factory=dict)


def any_machine(options: BuildOptions) -> Toolchain:
    """Return the toolchain of formats that PyTorch's exporter writes for any machine."""
    return Toolchain("PyTorch's ONNX exporter", {"built_for": "any"})


class Build(Protocol):
    """Writes the files of all graphs into a folder."""

    def __call__(
        self, sources: Mapping[str, Source], folder: Path, options: BuildOptions, progress: Progress
    ) -> dict[str, GraphEntry]:
        """Build.

        Args:
            sources: what to build, by the graph's name.
            folder: where the files go.
            options: what the user asked for.
            progress: told each stage.

        Returns:
            The manifest's entries, with the precision read back from the written files.

        Raises:
            CompilerError: a compiler failed, or a file holds another precision than was asked for.
        """
        ...


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Target:
    """Where graphs go, and at what precision.

    Args:
        name: the word for `--target`.
        summary: one line for the table.
        file: what it leaves for each graph.
        precision: what was asked for; its floors hold.
        rest: what computes beside 8 bits; the same as `precision` where that is a float.
        scheme: what its compiler needs to see in order to compute in 8 bits; None for floats.
        build_extra: the extra that building needs.
        run_needs: what running needs, in words.
        runtime: the runtime that measures the artifact here.
        verified: what a measurement by that runtime proves; with `graph` it runs the sources, not the files.
        build: writes the graphs.
        build_needs: what building needs, in words.
        from_modules: whether it converts PyTorch's modules, and no ONNX is made.
        options: flags of `BuildOptions` that it takes.
        toolchain: finds out what will compile here; raises InputError for options that cannot be meant and
            MissingDependency for compilers and hardware that are not here.
        file_of: names the file of a graph, where that is not the graph's name and the suffix.
        compiler_missing: returns why no compiler of its own can work here, without loading one; empty if one can.
        hardware_missing: returns why this machine's hardware cannot run the files; empty if it can.
    """

    name: str
    summary: str
    file: str
    precision: Precision
    build_extra: str
    run_needs: str
    runtime: str
    verified: Verified
    build: Build
    rest: Precision
    scheme: "Scheme | None" = None
    build_needs: str = "PyTorch"
    from_modules: bool = False
    options: tuple[str, ...] = ()
    toolchain: Callable[[BuildOptions], Toolchain] = any_machine
    file_of: Callable[[str, BuildOptions], str] | None = None
    compiler_missing: Callable[[], str] = _nothing
    hardware_missing: Callable[[], str] = _nothing

    @property
    def suffix(self) -> str:
        """The ending of its files."""
        return Path(self.file).suffix

    def planned_file(self, graph: str, options: BuildOptions) -> str:
        """Return the file that a graph will lie in."""
        return f"{graph}{self.suffix}" if self.file_of is None else self.file_of(graph, options)

    @property
    def build_extras(self) -> tuple[str, ...]:
        """The extras that building needs: that of every export, and its own."""
        return tuple(dict.fromkeys(("export", self.build_extra)))

    def require_options(self, options: BuildOptions) -> None:
        """Raise unless everything that was asked for is about this target.

        Raises:
            InputError: names the option and the targets that take it.
        """
        for flag in options.given():
            if flag not in self.options:
                takers = [target.name for target in TARGETS.values() if flag in target.options]
                raise InputError(f"{self.name} does not take {flag}, only {', '.join(takers)}: leave it out")

    def why_not_here(self) -> str:
        """Return why this machine cannot build it; empty if it can."""
        for extra in self.build_extras:
            missing = missing_modules(extra)
            if missing:
                return f"missing {', '.join(missing)}: {install_line(extra)}"
        return self.compiler_missing()

    def why_not_run_here(self) -> str:
        """Return why this machine cannot run it; empty if it can."""
        kinds = [kind for kind in RUNTIMES.values() if self.suffix in kind.suffixes]
        reasons = [kind.why_not_here() for kind in kinds]
        if reasons and all(reasons):
            return reasons[0]
        return self.hardware_missing() or ("" if kinds else f"no runtime of this f2p-deploy runs {self.file} yet")


TARGETS: dict[str, Target] = {}


def register_target(target: Target) -> None:
    """Add a target to the table."""
    TARGETS[target.name] = target


def find_target(name: str) -> Target:
    """Return a target by its name.

    Raises:
        InputError: no such target, with the nearest name.
    """
    if name not in TARGETS:
        raise InputError(f"no target named {name!r}{suggestion(name, tuple(TARGETS))}")
    return TARGETS[name]
