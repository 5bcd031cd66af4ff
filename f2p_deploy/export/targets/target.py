"""What a target is, and the table of those there are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from f2p_deploy.artifact import Arrays, GraphEntry, Verified
from f2p_deploy.character.schema import suggestion
from f2p_deploy.dependencies import missing_modules
from f2p_deploy.errors import InputError
from f2p_deploy.export.parity import Precision

if TYPE_CHECKING:
    from f2p_deploy.export.graphs import Graph

#: Told what is being done, one short line a stage.
Progress = Callable[[str], None]


class Build(Protocol):
    """Writes the files of one graph into a folder."""

    def __call__(self, graph: "Graph", inputs: Arrays, folder: Path, progress: Progress) -> GraphEntry:
        """Build one graph.

        Args:
            graph: what to build.
            inputs: one real batch by tensor name.
            folder: where its files go.
            progress: told each stage.

        Returns:
            The manifest's entry, with the precision read back from the written file.

        Raises:
            CompilerError: a compiler failed.
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
        verified: what a measurement by that runtime proves.
        build: writes one graph.
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
