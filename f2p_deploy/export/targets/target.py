"""The class of export targets, their build options, and the table of all targets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
    from f2p_deploy.export.palette.coding import Coding


@dataclass(frozen=True)
class BuildOptions:
    """The options of a build; each target takes some of them (`Target.options`).

    Args:
        flavor: which compiler: `tensorrt` or `rtx`; None for the first that can build here.
        compute_capabilities: the cards to build for, by NVIDIA's numbers (`8.9`); empty for the flavor's default.
        calibration: the folder of a calibration set, see `f2p_deploy.export.calibration`.
        keep_float: names of graphs that stay float beside others in 8 bits.
        ios: the oldest release of iOS that packages should run on.
        weights: how weights are stored, one of `f2p_deploy.model.settings.Storage`; the computation is in float32 in
            each case.
        converter_python: the Python that has the target's converter; None for this one.
    """

    flavor: str | None = field(default=None, metadata={"flag": "--flavor"})
    compute_capabilities: tuple[str, ...] = field(default=(), metadata={"flag": "--compute-capability"})
    calibration: Path | None = field(default=None, metadata={"flag": "--calibration"})
    keep_float: tuple[str, ...] = field(default=(), metadata={"flag": "--keep-float"})
    ios: str | None = field(default=None, metadata={"flag": "--ios"})
    weights: str | None = field(default=None, metadata={"flag": "--weights"})
    converter_python: Path | None = field(default=None, metadata={"flag": "--converter-python"})

    def flags(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each option that differs from its default, by the option's flag."""
        flags = {}
        for option in fields(self):
            value = getattr(self, option.name)
            if value != option.default:
                flags[option.metadata["flag"]] = tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)
        return flags


#: The defaults of all options.
DEFAULT_OPTIONS = BuildOptions()


@dataclass(frozen=True)
class Toolchain:
    """The compiler on this machine, and the machines that it builds for.

    Args:
        name: name and version, for people.
        hardware: the machines that will run the files, for `Manifest.hardware`; `f2p_deploy.runtimes.hardware` has the
            keys that are compared.
        packages: versions of the compiler's packages, for `Manifest.tools`.
    """

    name: str
    hardware: Mapping[str, str]
    packages: Mapping[str, str] = field(default_factory=dict)


def any_machine(options: BuildOptions) -> Toolchain:
    """Return the toolchain of PyTorch's ONNX exporter, whose files run on any machine."""
    return Toolchain("PyTorch's ONNX exporter", {"built_for": "any"})


class Build(Protocol):
    """Writes the files of all graphs into a folder."""

    def __call__(
        self, sources: Mapping[str, Source], folder: Path, options: BuildOptions, progress: Progress
    ) -> dict[str, GraphEntry]:
        """Build the files.

        Args:
            sources: the sources, by the graph's name.
            folder: where to write the files.
            options: the user's options.
            progress: called with a description of each stage.

        Returns:
            The manifest's entries, with the precision read back from the written files.

        Raises:
            CompilerError: a compiler failed, or a file has another precision than was asked for.
        """
        ...


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Target:
    """A file format and a precision that bundles can be exported to.

    Args:
        name: the name for `--target`.
        summary: one line for the table.
        file: pattern of the files that it writes.
        precision: the precision that was asked for; its thresholds apply.
        rest: the precision of everything that does not compute in 8 bits; for a float target the same as `precision`.
        scheme: the compiler's requirements for 8 bits; None for float targets.
        build_extra: the extra that the build needs.
        run_needs: the requirements of running, in words.
        runtime: the runtime that measures the artifact after the export.
        verified: what a measurement by that runtime proves; with `graph` it runs the sources, not the files.
        build: writes the graphs.
        build_needs: the requirements of the build, in words.
        from_modules: whether it converts PyTorch modules directly, without ONNX.
        options: flags of `BuildOptions` that it takes.
        toolchain: returns the compiler on this machine; raises InputError for invalid options and MissingDependency
            for missing compilers and hardware.
        file_of: returns the file name of a graph; None for the graph's name with the suffix.
        compiler_missing: returns why its compiler cannot work here, without loading it; empty if it can.
        hardware_missing: returns why this machine's hardware cannot run the files; empty if it can.
        graphs: the names of the graphs that it can hold; None for all.
        batches: whether its files can compute several faces at a time.
        copies: how often a graph's file holds its weights, if not once; None if all graphs share a file of weights.
        coding: returns the ways in which weights of few bits are stored; None if weights are not.
        weight_facts: returns the facts about the weights' bits from a written file, for the manifest, of a target that
            chooses bits while it builds; it gets `Source.trial` for that.
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
    graphs: tuple[str, ...] | None = None
    coding: "Callable[[BuildOptions], Coding] | None" = None
    weight_facts: Callable[[Path], dict[str, Any]] | None = None
    batches: bool = True
    copies: Mapping[str, int] | None = None

    @property
    def calibrated(self) -> bool:
        """Whether it needs a calibration set."""
        return any(way is not None for way in (self.scheme, self.coding, self.weight_facts))

    def holds(self, graph: str) -> bool:
        """Return whether its artifacts hold a graph of this name."""
        return self.graphs is None or graph in self.graphs

    @property
    def suffix(self) -> str:
        """The suffix of its files."""
        return Path(self.file).suffix

    def planned_file(self, graph: str, options: BuildOptions) -> str:
        """Return the name of the file that will hold a graph."""
        return f"{graph}{self.suffix}" if self.file_of is None else self.file_of(graph, options)

    @property
    def build_extras(self) -> tuple[str, ...]:
        """The extras that the build needs: `export`, and the target's own."""
        return tuple(dict.fromkeys(("export", self.build_extra)))

    def require_options(self, options: BuildOptions) -> None:
        """Raise unless the target takes all options that were given.

        Raises:
            InputError: an option of other targets; the message names it and them.
        """
        for flag in options.flags():
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


def find_target(name: str, others: Sequence[str] = ()) -> Target:
    """Return a target by its name.

    Args:
        name: a key of `TARGETS`.
        others: more words that the caller accepts, which the message may suggest too.

    Raises:
        InputError: no such target; the message suggests the nearest name.
    """
    if name not in TARGETS:
        raise InputError(f"no target named {name!r}{suggestion(name, (*TARGETS, *others))}")
    return TARGETS[name]
