"""The surrogate's stage: what the recogniser sees of the engine's pictures, learned from their parameters."""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.model.networks.surrogate import Surrogate
from f2p_deploy.model.networks.table import build_network

#: Penalties on squared slopes, in samples: of parameters, and over the variance of descriptors.
SHAPE_RIDGE, GUESS_RIDGE = 10.0, 0.03

#: One in so many samples is left out of a regression and tells how good it is.
LEFT_OUT = 10

#: The largest step of a search over what its shape term's curvature lets it take: with momentum 0.9 it swings at 1.4.
CALM = 0.8


class SurrogateStage:
    """Parameters to descriptors by least squares; the members learn side by side.

    Args:
        bundle: gives the sizes.
        parameters: (N, n) float32 of engine pictures.
        seen: (N, d) float32 what the recogniser says of them; rows of NaN are left out.
        photos: (M, d) float32 what it says of photos, for their mean; may be empty.
        held_out: how many of the last pictures are kept for evaluation.
        shapes: (S, k) float32 face shapes of the first pictures, NaN where unknown.
        photo_shapes: (M, k) float32 face shapes of the photos, NaN where unknown.
    """

    name = "surrogate"

    def __init__(
        self,
        bundle: Bundle,
        parameters: np.ndarray,
        seen: np.ndarray,
        photos: np.ndarray,
        held_out: int,
        shapes: np.ndarray | None = None,
        photo_shapes: np.ndarray | None = None,
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
        self.fits: dict[str, float] = {}
        if self.network.shape_length and shapes is not None:
            end = min(len(shapes), len(seen) - held_out)
            self.fits["shape_r2"] = _fit(self.network.shaped, parameters[:end], shapes[:end])
            _centre(self.network.shaped, parameters[:end], shapes[:end])
            self.network.calm.fill_(_calm(bundle, self.network.shaped.weight))
        if self.network.shape_length and photo_shapes is not None:
            away = photos - self.network.photos.numpy()
            self.fits["shape_guess_r2"] = _fit(self.network.guess, away, photo_shapes, GUESS_RIDGE)

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
        told = {"r2": float(1.0 - left), "cosine": float(alike.mean()), "cosine_p10": float(alike.quantile(0.1))}
        return told | self.fits

    def sheet(self) -> np.ndarray:
        """Return the held-out descriptors above the predicted ones, 64 pictures wide, grey from -2.5 to 2.5 s.d."""
        scale = float(self.network.scale)
        both = torch.cat([self.held_y[:64], self.network(self.held_x[:64])], dim=1).T / scale
        grey = ((both / 5.0 + 0.5).clamp(0, 1) * 255).to(torch.uint8).numpy()
        return np.repeat(np.repeat(grey, 4, axis=0), 8, axis=1)[..., None].repeat(3, axis=2)


def _fit(layer: torch.nn.Linear, given: np.ndarray, wanted: np.ndarray, relative: float = 0.0) -> float:
    """Fit a linear layer by ridge regression; return the share of the variance that it explains in samples left out.

    Args:
        layer: (d) to (k); left alone where nothing is known.
        given: (N, d).
        wanted: (N, k), rows of NaN are left out.
        relative: the penalty over the variance of what is given; `SHAPE_RIDGE` samples if 0.
    """
    known = np.isfinite(wanted).all(axis=1)
    x, y = given[known].astype(np.float64), wanted[known].astype(np.float64)
    apart = np.arange(len(x)) % LEFT_OUT == 0
    if apart.sum() < 2:
        return 0.0
    told, kept = x[~apart], y[~apart]
    middle, level = told.mean(axis=0), kept.mean(axis=0)
    away = told - middle
    penalty = relative * len(told) * float(away.var(axis=0).mean()) if relative else SHAPE_RIDGE
    slopes = np.linalg.solve(away.T @ away + penalty * np.eye(x.shape[1]), away.T @ (kept - level))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(slopes.T))
        layer.bias.copy_(torch.from_numpy(level - middle @ slopes))
    left = ((x[apart] - middle) @ slopes + level - y[apart]) ** 2
    return float(1.0 - left.sum() / ((y[apart] - level) ** 2).sum())


def _centre(layer: torch.nn.Linear, parameters: np.ndarray, shapes: np.ndarray) -> None:
    """Make shapes those less their mean over characters: photos' have their own mean at 0."""
    known = np.isfinite(shapes).all(axis=1)
    if known.any():
        with torch.no_grad():
            layer.bias.sub_(torch.from_numpy(shapes[known].mean(axis=0)))


def _calm(bundle: Bundle, slopes: torch.Tensor) -> float:
    """Return what the shape term is multiplied by, so that a search does not swing: at most 1."""
    settings = bundle.settings
    searched = ~torch.from_numpy(held_entries(bundle.schema))[: bundle.schema.n_c]
    steepest = float(torch.linalg.matrix_norm(slopes[:, : bundle.schema.n_c][:, searched], 2)) ** 2
    rate = max(settings.iterative.learning_rate, settings.hybrid.learning_rate)
    return min(1.0, CALM / max(2.0 * settings.similarity.shape_weight * steepest * rate, 1e-9))
