"""Reconstruction energy against the number of components, and random characters (Fig. 6 of the paper)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.parameters import Parameters, random_batch
from f2p_deploy.character.priors import GroupPrior, Priors
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes import TorchRuntime, graph_calls
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress, silent

#: Shares of the variance for which the number of components is given.
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class PriorReport:
    """The priors of a bundle.

    Args:
        bundle, label, fingerprint, schema: the bundle's name, its name on the page, its fingerprint and schema.
        priors: with the variances of every group.
        free: (K, S, S, 3) uint8, random characters without the priors, by the imitator.
        constrained: the same number drawn from the priors, with the same options.
        seed: random seed of the characters.
    """

    bundle: str
    label: str
    fingerprint: str
    schema: str
    priors: Priors
    free: np.ndarray
    constrained: np.ndarray
    seed: int

    @property
    def energies(self) -> dict[str, list[float]]:
        """The share of the variance that the first 0, 1, 2, ... directions explain, by group."""
        return {prior.group: energies_of(prior) for prior in self.priors.groups}


def energies_of(prior: GroupPrior) -> list[float]:
    """Return the share of a group's variance that its first 0, 1, ..., g directions explain."""
    return [prior.reconstruction_energy(k) if prior.variances.sum() else 1.0 for k in range(len(prior.indices) + 1)]


def components_for(prior: GroupPrior, share: float) -> int:
    """Return the smallest number of directions that explain a share of a group's variance."""
    return next(k for k, energy in enumerate(energies_of(prior)) if energy >= share - 1e-6)


def measure_priors(bundle: Bundle, count: int = 8, seed: int = 0, progress: Progress = silent) -> PriorReport:
    """Return the priors' energies, and random characters drawn by the bundle's imitator.

    Without the priors every controller is uniform in its range; with them the coordinates of each group are normal with
    the variances of the characters that the priors were fitted to. Both have the same random options.

    Args:
        bundle: with priors and an imitator.
        count: number of characters of each kind.
        seed: random seed.
        progress: called with the number of characters drawn.

    Raises:
        InputError: the bundle has no priors, or no imitator.
    """
    if bundle.priors is None:
        raise InputError(f"the bundle {bundle.name!r} has no priors: f2p-deploy train priors makes them")
    runtime = TorchRuntime(bundle)
    graph_calls.require_graph(runtime, "render", "drawing random characters")
    free = random_batch(bundle.schema, count, seed)
    constrained = free.copy()
    constrained[:, : bundle.schema.n_c] = bundle.priors.random(count, seed)
    drawn: Mapping[str, list[np.ndarray]] = {"free": [], "constrained": []}
    for done, rows in enumerate(zip(free, constrained, strict=True)):
        progress("drawing characters", done, count)
        for pictures, row in zip(drawn.values(), rows, strict=True):
            pictures.append(graph_calls.render(runtime, Parameters(bundle.schema, row)))
    free_pictures, constrained_pictures = (np.stack(pictures) for pictures in drawn.values())
    return PriorReport(
        bundle.name,
        bundle.label,
        bundle.fingerprint,
        bundle.schema.name,
        bundle.priors,
        free_pictures,
        constrained_pictures,
        seed,
    )
