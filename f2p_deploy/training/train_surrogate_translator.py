"""The translator taught through the surrogate: descriptors of photos to sliders, so that one-shot nearly is the search.

Neither a picture is drawn nor a photo decoded in an update: the translator is asked for characters of people, of people
between people, and the surrogate says what the recogniser would see of them.
"""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.model.networks.table import build_network

#: Share of one person's descriptor that another person's takes the place of, at most.
MIXED = 0.35

#: Noise on descriptors, in standard deviations of the photos'.
NOISE = 0.25

#: Weight of the known parameters of engine pictures, over the variance of sliders that it is measured in.
KNOWN = 0.1
KNOWN_VARIANCE = 0.04

#: Weight of the options of engine pictures, for bundles without a reader.
OPTIONS = 0.02


class SurrogateTranslatorStage:
    """Descriptors to parameters, by the centred cosine through the surrogate and known parameters of engine pictures.

    Args:
        bundle: has the surrogate.
        people: (M, d) float32 descriptors of photos to train on, several of one photo where it was varied.
        held_people: (K, d) of photos that are held out.
        parameters: (N, n) float32 of engine pictures.
        seen: (N, d) float32 what the recogniser says of them; rows of NaN are left out.
        held_out: how many of the last pictures are kept for evaluation.
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
        self.network = build_network("translator", bundle.schema, bundle.settings)
        self.people, self.held_people = torch.from_numpy(people), torch.from_numpy(held_people)
        self.x, self.seen = torch.from_numpy(parameters[known]), torch.from_numpy(seen[known])
        self.known = int(known[: len(seen) - held_out].sum())
        length = self.surrogate.shape_length
        self.shapes = torch.full((len(people), length), torch.nan) if shapes is None else torch.from_numpy(shapes)
        self.deviation = self.people.std()
        # Engine pictures as if they were photos: about the photos' mean, and as far from it as people are.
        apart = (self.people - self.surrogate.photos).norm(dim=1).mean()
        self.gain = apart / (self.seen - self.surrogate.characters).norm(dim=1).mean()
        held = torch.from_numpy(held_entries(bundle.schema))
        self.held = held[: bundle.schema.n_c]
        self.default = torch.tensor([c.default for c in bundle.schema.controllers])
        self.modules = {"translator": self.network}
        self.samples = len(people)

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return 1 - centred cosine, the distance from the average face, and the known parameters' part."""
        n_c, count = self.schema.n_c, len(batch)
        share = MIXED * torch.from_numpy(rng.random((count, 1), np.float32))
        partner = rng.integers(0, len(self.people), count)
        other = self.people[partner]
        noise = torch.from_numpy(rng.standard_normal(tuple(other.shape), np.float32))
        asked = (1.0 - share) * self.people[batch] + share * other + NOISE * self.deviation * noise
        which = rng.integers(0, self.known, count // 2)
        made = self.network(torch.cat([asked, self._as_photos(which)]))
        sliders, again = made[:count, :n_c], made[count:]
        # Whatever is read from photos may be anything here: the sliders must fit any options.
        others = self.x[rng.integers(0, self.known, count)]
        sliders = torch.where(self.held, others[:, :n_c], sliders)
        found = self.surrogate(torch.cat([sliders, others[:, n_c:]], dim=1))
        alike = F.cosine_similarity(found, asked - self.surrogate.photos, dim=1)
        away = (sliders - self.default)[:, ~self.held] / self.settings.spread
        truth = self.x[which]
        parts = {
            "unlike": (1.0 - alike).mean(),
            "away": self.settings.naturalness * away.square().sum(dim=1).mean() / n_c,
            "known": KNOWN * (again[:, :n_c] - truth[:, :n_c]).square().mean() / KNOWN_VARIANCE,
        }
        if self.surrogate.shape_length:
            shape = (1.0 - share) * self.shapes[batch] + share * self.shapes[partner]
            made_shape = self.surrogate.shape(torch.cat([sliders, others[:, n_c:]], dim=1))
            apart = made_shape - torch.where(shape.isfinite(), shape, made_shape.detach())
            weight = self.settings.shape_weight * self.surrogate.calm
            parts["shape"] = (weight * apart.square().sum(dim=1)).mean()
        for part in self.schema.discrete_slices.values():
            parts["options"] = parts.get("options", torch.zeros(())) + OPTIONS * F.nll_loss(
                again[:, part].clamp_min(1e-6).log(), truth[:, part].argmax(dim=1)
            )
        return torch.stack(list(parts.values())).sum(), {name: float(part.detach()) for name, part in parts.items()}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return the mean centred cosine of held-out people by the surrogate, and errors on held-out pictures."""
        n_c = self.schema.n_c
        made = self.network(self.held_people)
        found = self.surrogate(made)
        alike = F.cosine_similarity(found, self.held_people - self.surrogate.photos, dim=1)
        held = np.arange(self.known, len(self.x))
        again = self.network(self._as_photos(held))
        metrics = {"cosine_photos": float(alike.mean())}
        metrics["controllers_renders"] = float((again[:, :n_c] - self.x[held][:, :n_c]).abs().mean())
        metrics["at_an_end"] = float(((made[:, :n_c] < 0.02) | (made[:, :n_c] > 0.98)).float().mean())
        return metrics

    def sheet(self) -> np.ndarray:
        """Return the sliders of 128 held-out people, one a row, as grey."""
        grey = (self.network(self.held_people[:128])[:, : self.schema.n_c].clamp(0, 1) * 255).to(torch.uint8).numpy()
        return np.repeat(np.repeat(grey, 4, axis=0), 4, axis=1)[..., None].repeat(3, axis=2)

    def _as_photos(self, which: np.ndarray) -> torch.Tensor:
        return (self.seen[which] - self.surrogate.characters) * self.gain + self.surrogate.photos
