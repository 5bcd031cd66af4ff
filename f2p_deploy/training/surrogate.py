"""The surrogate's stage: what the recogniser sees of the engine's pictures, learned from their parameters."""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.bundle import Bundle, build_network
from f2p_deploy.networks.surrogate import Surrogate


class SurrogateStage:
    """Parameters to descriptors by least squares; the members learn side by side.

    Args:
        bundle: gives the sizes.
        parameters: (N, n) float32 of engine pictures.
        seen: (N, d) float32 what the recogniser says of them; rows of NaN are left out.
        photos: (M, d) float32 what it says of photos, for their mean; may be empty.
        held_out: how many of the last pictures are kept for evaluation.
    """

    name = "surrogate"

    def __init__(
        self, bundle: Bundle, parameters: np.ndarray, seen: np.ndarray, photos: np.ndarray, held_out: int
    ) -> None:
        known = np.isfinite(seen).all(axis=1)
        count = int(known[: len(seen) - held_out].sum())
        x, y = torch.from_numpy(parameters[known]), torch.from_numpy(seen[known])
        mean = y[:count].mean(dim=0)
        self.network: Surrogate = build_network("surrogate", bundle.schema, bundle.settings)  # type: ignore[assignment]
        self.network.middle.copy_(x[:count].mean(dim=0))
        self.network.scale.copy_((y[:count] - mean).std())
        self.network.characters.copy_(mean)
        if len(photos):
            self.network.photos.copy_(torch.from_numpy(photos.mean(axis=0)))
        else:
            self.network.photos.copy_(mean)
        self.x, self.y = x[:count], y[:count] - mean
        self.held_x, self.held_y = x[count:], y[count:] - mean
        self.modules: dict[str, torch.nn.Module] = {"surrogate": self.network}
        self.samples = count

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the mean squared distance of the members' descriptors, in units of the descriptors' variance."""
        wanted = self.y[batch]
        apart = [F.mse_loss(found, wanted) for found in self.network.each(self.x[batch])]
        return torch.stack(apart).sum() / self.network.scale**2, {}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return how well pictures are told that the surrogate has not seen: r2 and the mean centred cosine."""
        found = self.network(self.held_x)
        left = (found - self.held_y).square().sum() / self.held_y.square().sum()
        alike = F.cosine_similarity(found, self.held_y, dim=1)
        return {"r2": float(1.0 - left), "cosine": float(alike.mean()), "cosine_p10": float(alike.quantile(0.1))}

    def sheet(self) -> np.ndarray:
        """Return the held-out descriptors above the predicted ones, 64 pictures wide, grey from -2.5 to 2.5 s.d."""
        scale = float(self.network.scale)
        both = torch.cat([self.held_y[:64], self.network(self.held_x[:64])], dim=1).T / scale
        grey = ((both / 5.0 + 0.5).clamp(0, 1) * 255).to(torch.uint8).numpy()
        return np.repeat(np.repeat(grey, 4, axis=0), 8, axis=1)[..., None].repeat(3, axis=2)
