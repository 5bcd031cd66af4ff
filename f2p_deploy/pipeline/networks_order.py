"""What another process needs to load the same runtime and the same finder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.finder import ChosenFinder, FinderChoice, choose_finder_for
from f2p_deploy.pipeline.run_source import load_networks_for
from f2p_deploy.runtimes import Runtime, load


@dataclass(frozen=True)
class NetworksOrder:
    """A runtime and a finder as plain data.

    Args:
        source: folder of a bundle or an artifact.
        runtime: name of the runtime.
        device: the card's number, for a runtime that computes on one.
        threads: processor cores to use.
        fast: see `Runtime.fast`.
        ways: the modes of generation that will be used.
        finder: the arguments to choose it, or the finder itself if they cannot describe it.
    """

    source: Path
    runtime: str
    device: int
    threads: int
    fast: bool | None
    ways: tuple[Mode, ...]
    finder: FinderChoice | ChosenFinder

    def open(self) -> tuple[Runtime, ChosenFinder]:
        """Load both; raises what `load` and `choose_finder_for` raise."""
        runtime = load(self.source, self.runtime, self.threads, self.device)
        runtime.fast = self.fast
        chosen = self.finder
        if isinstance(chosen, FinderChoice):
            chosen = choose_finder_for(chosen.landmarker, chosen.landmarks, chosen.offline)
        load_networks_for(runtime, self.ways)
        return runtime, chosen


def networks_order(runtime: Runtime, finder: ChosenFinder, ways: Sequence[Mode], threads: int) -> NetworksOrder:
    """Return the order for a runtime and a finder that are open in this process."""
    return NetworksOrder(
        source=runtime.folder.absolute(),
        runtime=runtime.name,
        device=runtime.device,
        threads=threads,
        fast=runtime.fast,
        ways=tuple(ways),
        finder=finder.choice or finder,
    )
