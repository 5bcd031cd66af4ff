"""What makes the characters: a runtime, of an artifact or of a bundle."""

from collections.abc import Sequence

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.drawn import FOLDER, Drawn, read_drawn
from f2p_deploy.runtimes import Runtime, load, search


def runtime_of(source: Bundle | Runtime) -> Runtime:
    """Return the runtime, or the one that runs a bundle: PyTorch.

    Raises:
        MissingDependency: PyTorch is not installed.
    """
    return source if isinstance(source, Runtime) else load(source)


def check_modes_of(runtime: Runtime, modes: Sequence[Mode]) -> None:
    """Raise unless everything is there that modes need; an artifact draws its characters, too.

    Raises:
        InputError: a graph is missing, or pictures of its characters beside it are damaged.
    """
    for mode in modes:
        search.require_mode(runtime, mode)
    if runtime.suffixes:
        search.require_graph(runtime, "render", "a character's picture")
    drawn_beside(runtime)


def load_networks_for(runtime: Runtime, modes: Sequence[Mode]) -> None:
    """Load what modes need and what draws, so that the first photo takes no longer than the others."""
    needed = [graph for mode in modes for graph in search.graphs_for(runtime, mode)]
    if draws(runtime):
        needed.append("render")
    runtime.prepare(tuple(dict.fromkeys(needed)))


def draws(runtime: Runtime) -> bool:
    """Return whether there is an imitator."""
    return "render" in runtime.graphs


def drawn_beside(runtime: Runtime) -> Drawn:
    """Return the characters that the engine drew beforehand: they lie in the bundle's or the artifact's folder."""
    return read_drawn(runtime.folder / FOLDER, runtime.schema)
