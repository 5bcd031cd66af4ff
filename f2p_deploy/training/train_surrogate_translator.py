"""Training of the translator through the surrogate, with nearly the loss of a search as its objective.

An update neither renders a picture nor decodes a photo: the translator maps descriptors of people, and mixtures of two
people's descriptors, to characters, and the surrogate predicts the characters' descriptors.
"""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.training.stage import Numbers, Prepared, Stage, first_network

#: Maximum share of another person's descriptor in a mixture.
MIXED = 0.35

#: Standard deviation of the noise on descriptors, in standard deviations of the photos' descriptors.
NOISE = 0.25

#: Weight of the error of known parameters of engine pictures, and the variance of sliders that is its unit.
KNOWN = 0.1
KNOWN_VARIANCE = 0.04

#: Weight of the cross-entropy of engine pictures' options, for bundles without a reader.
OPTIONS = 0.02


class SurrogateTranslatorStage(Stage):
    """The training of the translator by the surrogate's centred cosine and by known parameters of engine pictures.

    Args:
        bundle: gives the surrogate.
        people: (M, d) float32 descriptors of training photos, several per photo if it was augmented.
        held_people: (K, d) float32 descriptors of held-out photos.
        parameters: (N, n) float32 of engine pictures.
        seen: (N, d) float32 descriptors of the pictures; rows of NaN are left out.
        held_out: number of last pictures held out for evaluation.
        shapes: (M, k) float32 face shapes of the people, NaN where unknown.
    """

    name = "translator"

    def __init__(
        self,
        bundle: Bundle,
        people: np.ndarray,
        held_people: np.ndarray,
        parameters: np.ndarray,
        seen: np.ndarray,
        held_out: int,
        shapes: np.ndarray | None = None,
    ) -> None:
        known = np.isfinite(seen).all(axis=1)
        self.schema = bundle.schema
        self.settings = bundle.settings.similarity
        self.surrogate = bundle.surrogate
        self.network = first_network(bundle, "translator")
        self.people, self.held_people = torch.from_numpy(people), torch.from_numpy(held_people)
        self.x, self.seen = torch.from_numpy(parameters[known]), torch.from_numpy(seen[known])
        self.known = int(known[: len(seen) - held_out].sum())
        length = self.surrogate.shape_length
        self.shapes = torch.full((len(people), length), torch.nan) if shapes is None else torch.from_numpy(shapes)
        self.deviation = self.people.std()
        # Descriptors of engine pictures are moved to the photos' mean and scaled to the photos' distance from it.
        apart = (self.people - self.surrogate.photos).norm(dim=1).mean()
        self.gain = apart / (self.seen - self.surrogate.characters).norm(dim=1).mean()
        held = torch.from_numpy(held_entries(bundle.schema))
        self.held = held[: bundle.schema.n_c]
        self.default = torch.tensor([c.default for c in bundle.schema.controllers])
        self.modules = {"translator": self.network}
        self.samples = len(people)

    @property
    def frozen(self) -> dict[str, torch.nn.Module]:
        """The surrogate."""
        return {"surrogate": self.surrogate}

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return mixtures of people, engine pictures as photos would be described, and random characters."""
        count = len(batch)
        share = MIXED * torch.from_numpy(rng.random((count, 1), np.float32))
        partner = rng.integers(0, len(self.people), count)
        other = self.people[partner]
        noise = torch.from_numpy(rng.standard_normal(tuple(other.shape), np.float32))
        mixed = (1.0 - share) * self.people[batch] + share * other + NOISE * self.deviation * noise
        which = rng.integers(0, self.known, count // 2)
        return {
            "mixed": mixed,
            "pictures": self.seen[which],
            "parameters": self.x[which],
            # The entries that are read from photos are random here: the sliders must fit any options.
            "others": self.x[rng.integers(0, self.known, count)],
            "shape": (1.0 - share) * self.shapes[batch] + share * self.shapes[partner],
        }

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return 1 - centred cosine plus the terms of the average face, known parameters, shapes and options."""
        mixed, others, truth = prepared["mixed"], prepared["others"], prepared["parameters"]
        n_c, count = self.schema.n_c, len(mixed)
        held, default = self.held.to(mixed.device), self.default.to(mixed.device)
        translated = self.network(torch.cat([mixed, self._as_photos(prepared["pictures"])]))
        sliders, reconstructed = translated[:count, :n_c], translated[count:]
        sliders = torch.where(held, others[:, :n_c], sliders)
        predicted = self.surrogate(torch.cat([sliders, others[:, n_c:]], dim=1))
        alike = F.cosine_similarity(predicted, mixed - self.surrogate.photos, dim=1)
        away = (sliders - default)[:, ~held] / self.settings.spread
        parts = {
            "unlike": (1.0 - alike).mean(),
            "away": self.settings.naturalness * away.square().sum(dim=1).mean() / n_c,
            "known": KNOWN * (reconstructed[:, :n_c] - truth[:, :n_c]).square().mean() / KNOWN_VARIANCE,
        }
        if self.surrogate.shape_length:
            shape = prepared["shape"]
            predicted_shape = self.surrogate.shape(torch.cat([sliders, others[:, n_c:]], dim=1))
            apart = predicted_shape - torch.where(shape.isfinite(), shape, predicted_shape.detach())
            weight = self.settings.shape_weight * self.surrogate.calm
            parts["shape"] = (weight * apart.square().sum(dim=1)).mean()
        for part in self.schema.discrete_slices.values():
            parts["options"] = parts.get("options", torch.zeros((), device=mixed.device)) + OPTIONS * F.nll_loss(
                reconstructed[:, part].clamp_min(1e-6).log(), truth[:, part].argmax(dim=1)
            )
        return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return the surrogate's mean centred cosine on held-out people, and errors on held-out pictures."""
        n_c = self.schema.n_c
        people = self.held_people.to(self.device)
        translated = self.network(people)
        alike = F.cosine_similarity(self.surrogate(translated), people - self.surrogate.photos, dim=1)
        held = np.arange(self.known, len(self.x))
        reconstructed = self.network(self._as_photos(self.seen[held].to(self.device))).cpu()
        metrics = {"cosine_photos": float(alike.mean())}
        metrics["controllers_renders"] = float((reconstructed[:, :n_c] - self.x[held][:, :n_c]).abs().mean())
        metrics["at_an_end"] = float(((translated[:, :n_c] < 0.02) | (translated[:, :n_c] > 0.98)).float().mean())
        return metrics

    def sheet(self) -> np.ndarray:
        """Return the sliders of 128 held-out people as grey values, one person per row."""
        sliders = self.network(self.held_people[:128].to(self.device)).cpu()[:, : self.schema.n_c]
        grey = (sliders.clamp(0, 1) * 255).to(torch.uint8).numpy()
        return np.repeat(np.repeat(grey, 4, axis=0), 4, axis=1)[..., None].repeat(3, axis=2)

    def _as_photos(self, seen: torch.Tensor) -> torch.Tensor:
        """Return (B, d) descriptors of engine pictures with the mean and the spread of photos' descriptors."""
        return (seen - self.surrogate.characters) * self.gain + self.surrogate.photos
