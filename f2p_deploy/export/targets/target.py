"""What a target is, and the table of those there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from f2p_deploy.artifact import GraphEntry, Verified
from f2p_deploy.character.schema import suggestion
from f2p_deploy.dependencies import missing_modules
from f2p_deploy.errors import InputError
from f2p_deploy.export.parity import Precision

if TYPE_CHECKING:
    from onnx import ModelProto

    from f2p_deploy.export.graphs import Graph

#: Told what is being done, one short line a stage.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """One graph on its way to a target.

    Args:
        graph: names, shapes and the PyTorch module.
        model: its ONNX, in the target's precision.
        loss_scale: see `Graph.exported`; it is in the model already.
        kept_float32: names of the model's nodes that stayed float32.
    """

    graph: "Graph"
    model: "ModelProto"
    loss_scale: float = 1.0
    kept_float32: tuple[str, ...] = ()

    def entry(self, file: str, asked: str, found: str, source: str = "") -> GraphEntry:
        """Return the manifest's entry of this graph; see `GraphEntry`."""
        return GraphEntry(
            file=file,
            inputs=self.graph.inputs,
            outputs=self.graph.outputs,
            precision_asked=asked,
            precision_found=found,
            shared=self.graph.shared,
            source=source,
            loss_scale=self.loss_scale,
            kept_float32=self.kept_float32,
        )


@dataclass(frozen=True)
class BuildOptions:
    """What a user may say about a build; a target ignores what is not about its family."""


#: Nothing asked for.
DEFAULT_OPTIONS = BuildOptions()


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


@dataclass(frozen=True)
class Target:
    """Where graphs go, and at what precision.

    Args:
        name: the word for `--target`.
        summary: one line for the table.
        file: what it leaves for each graph.
        precision: what was asked for; its floors hold.
        build_extra: the extra that building needs.
        run_needs: what running needs, in words.
        runtime: the runtime that measures the artifact here.
        verified: what a measurement by that runtime proves; with `graph` it runs the sources, not the files.
        build: writes the graphs.
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

    def why_not_here(self) -> str:
        """Return why this machine cannot build it; empty if it can."""
        missing = missing_modules(self.build_extra)
        return f"missing {', '.join(missing)}: pip install 'f2p-deploy[{self.build_extra}]'" if missing else ""


TARGETS: dict[str, Target] = {}


def register(target: Target) -> None:
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
