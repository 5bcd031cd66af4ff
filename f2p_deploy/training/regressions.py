"""Regularised regressions of standardised features: ridge, multinomial logistic, and a temperature for its logits."""

import numpy as np
import torch
import torch.nn.functional as F

#: Exponent of the class weights: a class's weight is (1 / its frequency) to this power. Lower values miss uncertain
#: beards and glasses; higher values add beards to people who have none.
RARITY = 0.25

#: Number of folds of the cross-validation that calibrates logits, and the temperatures that it compares.
FOLDS = 3
TEMPERATURES = tuple(0.5 * 1.05**k for k in range(50))

#: Maximum number of L-BFGS iterations.
STEPS = 60


def ridge_regression(
    x: torch.Tensor, y: torch.Tensor, penalty: torch.Tensor, samples: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights (f,) and the bias of a ridge regression.

    Args:
        x: (N, f) features.
        y: (N,) values.
        penalty: (f,) L2 penalties.
        samples: (N,) sample weights; equal if not given.
    """
    share = torch.full((len(x),), 1.0 / len(x)) if samples is None else samples / samples.sum()
    middle, level = share @ x, share @ y
    away = (x - middle).double()
    weighted = away.T * share.double()
    normal = weighted @ away + torch.diag(penalty.double())
    weights = torch.linalg.solve(normal, weighted @ (y - level).double()).float()
    return weights, level - middle @ weights


def logistic_regression(
    x: torch.Tensor, y: torch.Tensor, options: int, penalty: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights (options, f) and biases (options,) of a multinomial logistic regression."""
    shares = torch.bincount(y).float().pow(-RARITY)[y]
    shares = shares / shares.sum()
    weight = torch.zeros(options, x.shape[1], requires_grad=True)
    bias = torch.zeros(options, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        wrong = F.cross_entropy(x @ weight.T + bias, y, reduction="none")
        total = shares @ wrong + (weight.square() * penalty).sum()
        total.backward()
        return total

    with torch.enable_grad():
        optimiser.step(loss)
    return weight.detach(), bias.detach()


def calibrated_temperature(
    x: torch.Tensor, y: torch.Tensor, photos: torch.Tensor, options: int, penalty: torch.Tensor
) -> float:
    """Return the temperature of the logits that minimises the cross-entropy, by cross-validation over the photos.

    Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    fold = photos.unique(return_inverse=True)[1] % FOLDS
    left_out, answers = [], []
    for k in range(FOLDS):
        inside = fold != k
        if inside.all() or not inside.any():
            return 1.0
        weight, bias = logistic_regression(x[inside], y[inside], options, penalty)
        left_out.append(x[~inside] @ weight.T + bias)
        answers.append(y[~inside])
    scores, truth = torch.cat(left_out), torch.cat(answers)
    losses = [float(F.cross_entropy(scores / temperature, truth)) for temperature in TEMPERATURES]
    return TEMPERATURES[int(np.argmin(losses))]
