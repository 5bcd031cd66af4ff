"""The state of a search: controllers, then the logits of each discrete group (section 3.6)."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.prior_projection import PriorProjection
from f2p_deploy.model.result import SMALLEST_PROBABILITY
from f2p_deploy.model.settings import IterativeSettings


class StateToParameters(nn.Module):
    """The map from states to parameters: softmax(beta z) within each discrete group (section 3.6).

    Args:
        bundle: gives the schema.
        beta: sharpness of the softmax.
    """

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        self.n_c = bundle.schema.n_c
        self.group_sizes = [len(group.options) for group in bundle.schema.discrete_groups]
        self.beta = beta

    def forward(self, state: torch.Tensor, beta: torch.Tensor | None = None) -> torch.Tensor:
        """Return (N, n) parameters of (N, n) states: controllers in [0, 1], then logits z.

        `beta` (1,) replaces the module's.
        """
        if not self.group_sizes:
            return state
        controllers, logits = state[:, : self.n_c], state[:, self.n_c :]
        sharpness = self.beta if beta is None else beta
        smoothed = [(sharpness * z).softmax(dim=1) for z in logits.split(self.group_sizes, dim=1)]
        return torch.cat([controllers, *smoothed], dim=1)


def average_state(bundle: Bundle, count: int) -> torch.Tensor:
    """Return (count, n) states of the average face: controllers at their defaults, z = 0 in every discrete group.

    A one-hot start would never move: at beta = 100 the softmax is saturated there and has no gradient.
    """
    state = torch.zeros(count, bundle.schema.n)
    state[:, : bundle.schema.n_c] = torch.tensor([c.default for c in bundle.schema.controllers])
    return state


def first_state(bundle: Bundle, count: int, settings: IterativeSettings | None = None) -> torch.Tensor:
    """Return (count, n) initial states of iterative generation, z = 0 in every discrete group.

    They are the average face or, with `from_prior`, the mean face of the priors.

    Args:
        bundle: gives the schema and the priors.
        count: number of faces.
        settings: the bundle's settings for iterative generation if not given.

    Raises:
        InputError: the settings ask for priors, and the bundle has none.
    """
    state = average_state(bundle, count)
    if (settings or bundle.settings.iterative).from_prior:
        state[:, : bundle.schema.n_c] = PriorProjection(bundle).mean.clamp(0.0, 1.0)
    return state


def state_from(parameters: torch.Tensor, n_c: int, beta: float) -> torch.Tensor:
    """Return the (N, n) states whose softmax(beta z) is (N, n) parameters.

    Probabilities are clamped to at least `SMALLEST_PROBABILITY`.
    """
    logits = parameters[:, n_c:].clamp_min(SMALLEST_PROBABILITY).log() / beta
    return torch.cat([parameters[:, :n_c], logits], dim=1)
