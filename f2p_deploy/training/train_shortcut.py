"""Training of the shortcut on descriptions of the imitator's pictures and on gradients of the exact loss."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.networks.segmentation import CLASSES
from f2p_deploy.model.networks.shortcut import Shortcut
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.model.shortcut_search import ShortcutLoss
from f2p_deploy.model.update import Update
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.pair_tensors import tile, to_uint8
from f2p_deploy.training.data.shortcut_labels import (
    Gradients,
    Targets,
    Values,
    label_gradients,
    label_values,
    sampled_states,
    visited_states,
)
from f2p_deploy.training.stage import Numbers, Prepared, Stage, half_precision

#: Largest numbers of described characters, and of states of every round, that are held out; at most an eighth.
HELD_OUT, HELD_OUT_STATES = 512, 128

#: Progress of the training at which the states that its own searches visit are labelled.
ROUNDS = (0.1, 0.3, 0.5, 0.7)

#: States of one update.
GRADIENT_BATCH = 24

#: Weights of the descriptions of visited states, of the gradients' directions, and of the logarithm of their lengths.
VISITED, DIRECTION, LENGTH = 0.5, 0.5, 0.05


class ShortcutStage(Stage):
    """The training of H by descriptions and by the direction in which a search moves.

    An update's direction is what a search uses of a gradient, after the projection onto the priors' subspace. It is
    compared for the controllers and for the discrete groups on their own, since either may be short beside the other.

    Args:
        bundle: gives G, F and the settings of the search.
        targets: faces that searches are run towards.
        work: folder of the labels.
        steps: number of updates of the training.
        seed: of the characters and states.
        characters, states: numbers of descriptions, and of gradients in each round.
        progress: called while characters are described, states visited and gradients labelled.
    """

    name = "shortcut"
    prepares_ahead = False  # the states of the later rounds are those that the network's own searches visit

    def __init__(
        self,
        bundle: Bundle,
        targets: Targets,
        work: Path,
        steps: int,
        seed: int = 0,
        characters: int = 16384,
        states: int = 3072,
        progress: Progress = silent,
    ) -> None:
        self.bundle, self.targets, self.work, self.seed = bundle, targets, work, seed
        self.progress = progress
        self.states = states
        self.network = cast(Shortcut, build_network("shortcut", bundle.schema, bundle.settings))
        self.modules: dict[str, torch.nn.Module] = {"shortcut": self.network}
        self.values: Values = label_values(bundle, characters, seed, work, progress)
        held_out = min(HELD_OUT, characters // 8)
        self.samples = characters - held_out
        self.held_out = np.arange(self.samples, characters)
        self.length = float(np.linalg.norm(self.values.identities, axis=1).mean())
        self.rounds = [0, *(int(steps * share) for share in ROUNDS)]
        self.gradients: list[Gradients] = []
        self.loss_of = _loss_of(bundle, self.network)
        self.update = Update(bundle, bundle.settings.iterative)

    @property
    def frozen(self) -> dict[str, torch.nn.Module]:
        """The descriptor, whose formula makes the content of the predicted maps."""
        return {"loss": self.loss_of.similarity, "to_parameters": self.loss_of.to_parameters, "update": self.update}

    def begin(self, step: int) -> None:
        """Label the states of every round that has begun."""
        while len(self.gradients) < len(self.rounds) and step >= self.rounds[len(self.gradients)]:
            self._label_round(len(self.gradients))

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return described characters, and states of one round with their gradients."""
        pools = [self._training(pool) for pool in self.gradients]
        pool = pools[int(rng.integers(len(pools)))]
        rows = np.sort(rng.choice(pool, min(GRADIENT_BATCH, len(pool)), replace=False, axis=0), axis=0)
        return {
            "parameters": torch.from_numpy(self.values.parameters[batch]),
            "identities": torch.from_numpy(self.values.identities[batch]),
            "maps": torch.from_numpy(self.values.maps[batch]).float(),
            **self._states(self.gradients[int(rows[0, 0])], rows[:, 1]),
        }

    def _states(self, pool: Gradients, chosen: np.ndarray) -> Prepared:
        """Return states of one round, the faces that they search for, and what is known of the exact loss there."""
        at = torch.from_numpy(pool.targets[chosen])
        return {
            "states": torch.from_numpy(pool.states[chosen]),
            "wanted_identities": self.targets.identities[at],
            "wanted_contents": self.targets.contents[at],
            "gradients": torch.from_numpy(pool.gradients[chosen]),
            "losses": torch.from_numpy(pool.losses[chosen]),
            "state_identities": torch.from_numpy(pool.identities[chosen]),
            "state_maps": torch.from_numpy(pool.maps[chosen]).float(),
        }

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the errors of descriptions and of updates."""
        described = self._error_of_values(prepared)
        visited, turned, longer, apart = self._errors_of_states(prepared)
        numbers = {"described": described.detach(), "visited": visited.detach(), "turned": turned.detach()}
        return described + VISITED * visited + DIRECTION * turned + LENGTH * longer + apart, numbers

    def _training(self, pool: Gradients) -> np.ndarray:
        number = self.gradients.index(pool)
        count = len(pool.states) - self._held_out_states(pool)
        return np.stack([np.full(count, number), np.arange(count)], axis=1)

    @staticmethod
    def _held_out_states(pool: Gradients) -> int:
        return min(HELD_OUT_STATES, len(pool.states) // 8)

    def _label_round(self, number: int) -> None:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + 31 + number)
        path = self.work / f"gradients-{number}.npz"
        if number == 0:
            states, positions = sampled_states(self.bundle, self.states, self.targets, generator)
        else:
            training = self.network.training
            self.network.eval()
            states, positions = visited_states(
                self.bundle, self.loss_of, self.states, self.targets, generator, progress=self.progress
            )
            self.network.train(training)
        # A resumed training has another network than the one that visited the states; its file stays valid.
        key = f"round {number}, seed {self.seed}, {self.states} states"
        labels = label_gradients(self.bundle, states, positions, self.targets, path, key, self.progress)
        self.gradients.append(labels)

    def _error_of_values(self, prepared: Prepared) -> torch.Tensor:
        with half_precision(self.device):
            identity, maps = self.network(prepared["parameters"])
        return self._described(identity.float(), maps.float(), prepared["identities"], prepared["maps"])

    def _described(
        self, identity: torch.Tensor, maps: torch.Tensor, true_identity: torch.Tensor, true_maps: torch.Tensor
    ) -> torch.Tensor:
        similarity = self.bundle.similarity
        apart = similarity.content_of_maps(maps) - similarity.content_of_maps(true_maps)
        scale = similarity.content_of_maps(true_maps).abs().mean().clamp_min(1e-6)
        turned = (1.0 - F.cosine_similarity(identity, true_identity, dim=1)).mean()
        longer = ((identity - true_identity) / self.length).square().sum(dim=1).mean()
        return (apart.abs().mean() + 3.0 * apart.square().mean()) / scale + turned + 0.02 * longer

    def _errors_of_states(
        self, prepared: Prepared
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the errors of states' descriptions, of their updates' directions and lengths, and of their losses."""
        state = prepared["states"].clone().requires_grad_(True)
        identity, maps = self.loss_of.describe(state)
        loss = self.loss_of.compare(identity, maps, prepared["wanted_identities"], prepared["wanted_contents"])
        described = self._described(identity, maps, prepared["state_identities"], prepared["state_maps"])
        (gradient,) = torch.autograd.grad(loss.sum(), state, create_graph=True)
        true = prepared["gradients"]
        turned = longer = torch.zeros((), device=state.device)
        for own, exact in zip(self.parts(gradient), self.parts(true), strict=True):
            turned = turned + (1.0 - F.cosine_similarity(own, exact, dim=1)).mean()
            lengths = own.norm(dim=1).clamp_min(1e-12), exact.norm(dim=1).clamp_min(1e-12)
            longer = longer + (lengths[0] / lengths[1]).log().square().mean()
        apart = (loss / prepared["losses"] - 1.0).abs().mean()
        return described, turned, longer, apart

    def parts(self, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return what a search uses of (N, n) gradients: the controllers', projected, and the discrete groups'."""
        if self.update.prior is not None:
            gradient = self.update.prior.descent(gradient)
        n_c = self.bundle.schema.n_c
        parts = gradient[:, :n_c], gradient[:, n_c:]
        return parts if self.bundle.schema.discrete_groups else parts[:1]

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return errors of descriptions of held-out characters, and cosines of updates of held-out states.

        The states are those of the last round that is labelled.
        """
        identity, maps = self._predicted(self.held_out)
        true = self.values.identities[self.held_out], self.values.maps[self.held_out]
        similarity = self.bundle.similarity
        true_maps = torch.from_numpy(true[1]).float().to(self.device)
        apart = similarity.content_of_maps(maps.to(self.device)) - similarity.content_of_maps(true_maps)
        metrics = {
            "content_l1": float(apart.abs().mean()),
            "identity_cosine": float(F.cosine_similarity(identity, torch.from_numpy(true[0]), dim=1).mean()),
        }
        if self.gradients:
            pool = self.gradients[-1]
            metrics |= self._cosines(pool, np.arange(len(pool.states))[-self._held_out_states(pool) :])
        return metrics

    def _predicted(self, positions: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        parameters = torch.from_numpy(self.values.parameters[positions]).to(self.device)
        parts = [self.network(part) for part in parameters.split(64)]
        return torch.cat([identity for identity, _ in parts]).cpu(), torch.cat([maps for _, maps in parts]).cpu()

    def _cosines(self, pool: Gradients, chosen: np.ndarray) -> dict[str, float]:
        prepared = {name: value.to(self.device) for name, value in self._states(pool, chosen).items()}
        with torch.enable_grad():
            state = prepared["states"].requires_grad_(True)
            loss = self.loss_of(state, prepared["wanted_identities"], prepared["wanted_contents"])
            (gradient,) = torch.autograd.grad(loss.sum(), state)
        true = prepared["gradients"]
        metrics = {"loss_apart": float((loss.detach() / prepared["losses"] - 1.0).abs().mean())}
        names = ("controllers", "groups")
        for name, own, exact in zip(names, self.parts(gradient), self.parts(true), strict=False):
            cosine = F.cosine_similarity(own, exact, dim=1)
            metrics[f"update_{name}"] = float(cosine.median())
            metrics[f"update_{name}_p5"] = float(cosine.quantile(0.05))
        return metrics

    def sheet(self) -> np.ndarray:
        """Return maps of eight held-out characters above the predicted ones: classes by colour, or the mean channel."""
        _, maps = self._predicted(self.held_out[:8])
        true = torch.from_numpy(self.values.maps[self.held_out[:8]]).float()
        return tile([to_uint8(_picture(true)), to_uint8(_picture(maps))])


def _picture(maps: torch.Tensor) -> torch.Tensor:
    """Return (N, 3, 8H, 8W) pictures of (N, M, H, W) maps: the face's colours, or the mean channel in grey."""
    drawn = maps[:, CLASSES:] if maps.shape[1] == CLASSES + 3 else maps.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    return F.interpolate(drawn / drawn.amax().clamp_min(1e-6), scale_factor=8.0, mode="nearest")


def _loss_of(bundle: Bundle, network: Shortcut) -> ShortcutLoss:
    """Return the loss through a network that is not yet the bundle's."""
    loss = ShortcutLoss(bundle, bundle.settings.iterative.beta, network)
    loss.similarity.eval()
    return loss
