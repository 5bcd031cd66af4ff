"""Training of the surrogate: it predicts the recogniser's descriptors of engine pictures from their parameters."""

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.model.networks.surrogate import Surrogate
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.training.stage import Numbers, Prepared, Stage

#: L2 penalties of the linear maps from parameters to shapes (in samples) and from descriptors to shapes (relative to
#: the variance of the descriptors).
SHAPE_RIDGE, GUESS_RIDGE = 10.0, 0.03

#: Every n-th sample is held out from a regression to measure it.
LEFT_OUT = 10

#: Maximum of curvature of the shape term x learning rate of a search. With momentum 0.9 a search oscillates at 1.4.
CALM = 0.8


class SurrogateStage(Stage):
    """The training of the surrogate by least squares; all members are trained in parallel.

    Args:
        bundle: gives the sizes.
        parameters: (N, n) float32 of engine pictures.
        seen: (N, d) float32 descriptors of the pictures; rows of NaN are left out.
        photos: (M, d) float32 descriptors of photos, for their mean; may be empty.
        held_out: number of last pictures held out for evaluation.
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

    def prepare(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> Prepared:
        """Return parameters of pictures, and their descriptors."""
        return {"parameters": self.x[batch], "descriptors": self.y[batch]}

    def loss(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Numbers]:
        """Return the sum of the members' mean squared errors, in units of the descriptors' variance."""
        target = prepared["descriptors"]
        errors = [F.mse_loss(predicted, target) for predicted in self.network.each(prepared["parameters"])]
        return torch.stack(errors).sum() / self.network.scale**2, {}

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        return self.network

    def evaluate(self) -> dict[str, float]:
        """Return r2 and centred cosine (mean, 10th percentile) on held-out pictures, and r2 of the linear maps."""
        predicted = self.network(self.held_x.to(self.device)).cpu()
        residual = (predicted - self.held_y).square().sum() / self.held_y.square().sum()
        cosine = F.cosine_similarity(predicted, self.held_y, dim=1)
        metrics = {
            "r2": float(1.0 - residual),
            "cosine": float(cosine.mean()),
            "cosine_p10": float(cosine.quantile(0.1)),
        }
        return metrics | self.fits

    def sheet(self) -> np.ndarray:
        """Return descriptors of 64 held-out pictures, one per column, above the predicted ones; grey is +-2.5 s.d."""
        scale = float(self.network.scale)
        both = torch.cat([self.held_y[:64], self.network(self.held_x[:64].to(self.device)).cpu()], dim=1).T / scale
        grey = ((both / 5.0 + 0.5).clamp(0, 1) * 255).to(torch.uint8).numpy()
        return np.repeat(np.repeat(grey, 4, axis=0), 8, axis=1)[..., None].repeat(3, axis=2)


def _fit(layer: torch.nn.Linear, inputs: np.ndarray, targets: np.ndarray, relative: float = 0.0) -> float:
    """Fit a linear layer by ridge regression and return its r2 on held-out samples.

    Args:
        layer: (d) to (k); unchanged if fewer than two samples are held out.
        inputs: (N, d).
        targets: (N, k); rows of NaN are left out.
        relative: penalty / variance of the inputs; if 0 the penalty is `SHAPE_RIDGE`.
    """
    known = np.isfinite(targets).all(axis=1)
    x, y = inputs[known].astype(np.float64), targets[known].astype(np.float64)
    held_out = np.arange(len(x)) % LEFT_OUT == 0
    if held_out.sum() < 2:
        return 0.0
    train_x, train_y = x[~held_out], y[~held_out]
    middle, level = train_x.mean(axis=0), train_y.mean(axis=0)
    away = train_x - middle
    penalty = relative * len(train_x) * float(away.var(axis=0).mean()) if relative else SHAPE_RIDGE
    slopes = np.linalg.solve(away.T @ away + penalty * np.eye(x.shape[1]), away.T @ (train_y - level))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(slopes.T))
        layer.bias.copy_(torch.from_numpy(level - middle @ slopes))
    residual = ((x[held_out] - middle) @ slopes + level - y[held_out]) ** 2
    return float(1.0 - residual.sum() / ((y[held_out] - level) ** 2).sum())


def _centre(layer: torch.nn.Linear, parameters: np.ndarray, shapes: np.ndarray) -> None:
    """Subtract the mean shape of characters from a layer's output, as the shapes of photos have the mean 0."""
    known = np.isfinite(shapes).all(axis=1)
    if known.any():
        with torch.no_grad():
            layer.bias.sub_(torch.from_numpy(shapes[known].mean(axis=0)))


def _calm(bundle: Bundle, slopes: torch.Tensor) -> float:
    """Return the factor on the shape term, at most 1, with which a search does not oscillate."""
    settings = bundle.settings
    searched = ~torch.from_numpy(held_entries(bundle.schema))[: bundle.schema.n_c]
    steepest = float(torch.linalg.matrix_norm(slopes[:, : bundle.schema.n_c][:, searched], 2)) ** 2
    rate = max(settings.iterative.learning_rate, settings.hybrid.learning_rate)
    return min(1.0, CALM / max(2.0 * settings.similarity.shape_weight * steepest * rate, 1e-9))
