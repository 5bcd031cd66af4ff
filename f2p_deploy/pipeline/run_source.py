"""The runtime that generates the characters, from an artifact or a bundle."""

import logging
from collections.abc import Sequence
from typing import get_args

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.drawn import FOLDER, Drawn, read_drawn
from f2p_deploy.runtimes import Runtime, fast_search, graph_calls, load, search
from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)


def runtime_of(source: Bundle | Runtime) -> Runtime:
    """Return a runtime for a source: PyTorch for a bundle; a runtime is returned unchanged.

    Raises:
        MissingDependency: PyTorch is not installed.
    """
    return source if isinstance(source, Runtime) else load(source)


def modes_of_runtime(runtime: Runtime) -> tuple[Mode, ...]:
    """Return the modes of generation that a runtime has the graphs for."""
    possible: list[Mode] = []
    for mode in get_args(Mode):
        try:
            search.require_mode(runtime, mode, mode != "one-shot" and fast_search.goes_fast(runtime))
        except InputError:
            continue
        possible.append(mode)
    return tuple(possible)


def check_modes_of(runtime: Runtime, modes: Sequence[Mode]) -> None:
    """Raise unless a runtime has the graphs for some modes, and an artifact the graph for images of its characters.

    Networks that were trained on others are warned of; with such a shortcut, searches are exact.

    Raises:
        InputError: a graph is missing, or the images beside the bundle or artifact are damaged.
    """
    reasons = [reason for name, reason in runtime.outdated.items() if name != "shortcut"]
    if any(mode != "one-shot" for mode in modes):
        reasons.append(fast_search.why_exact(runtime))
    for reason in filter(None, reasons):
        logger.warning(reason)
    for mode in modes:
        search.require_mode(runtime, mode, mode != "one-shot" and fast_search.goes_fast(runtime))
    if runtime.suffixes:
        graph_calls.require_graph(runtime, "render", "a character's picture")
    drawn_beside(runtime)


def load_networks_for(runtime: Runtime, modes: Sequence[Mode]) -> None:
    """Load the graphs of some modes and the imitator, so that the first photo takes no longer than the others."""
    fast = any(mode != "one-shot" for mode in modes) and fast_search.goes_fast(runtime)
    needed = [graph for mode in modes for graph in search.graphs_for(runtime, mode, fast)]
    if draws(runtime):
        needed.append("render")
    runtime.prepare(tuple(dict.fromkeys(needed)))


def draws(runtime: Runtime) -> bool:
    """Return whether a runtime has an imitator."""
    return "render" in runtime.graphs


def drawn_beside(runtime: Runtime) -> Drawn:
    """Return the characters that the engine drew in advance, from the folder of the bundle or the artifact."""
    return read_drawn(runtime.folder / FOLDER, runtime.schema)
