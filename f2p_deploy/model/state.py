"""The state of a search: controllers, then free numbers whose softmax is a discrete group's (section 3.6)."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.prior_projection import PriorProjection
from f2p_deploy.model.result import SMALLEST_PROBABILITY
from f2p_deploy.model.settings import IterativeSettings


class StateToParameters(nn.Module):
    """The state of iterative generation to parameters: softmax(beta z) within each discrete group (section 3.6).

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
        """(N, n) controllers in [0, 1] and free numbers z to (N, n) parameters; (1,) beta in place of the module's."""
        if not self.group_sizes:
            return state
        controllers, free = state[:, : self.n_c], state[:, self.n_c :]
        sharpness = self.beta if beta is None else beta
        smoothed = [(sharpness * z).softmax(dim=1) for z in free.split(self.group_sizes, dim=1)]
        return torch.cat([controllers, *smoothed], dim=1)


def average_state(bundle: Bundle, count: int) -> torch.Tensor:
    """Return (count, n) states of the average face: controllers at their defaults, z = 0 in every discrete group.

    A one-hot start would stay where it is: at beta = 100 the softmax is flat there and has no gradient.
    """
    state = torch.zeros(count, bundle.schema.n)
    state[:, : bundle.schema.n_c] = torch.tensor([c.default for c in bundle.schema.controllers])
    return state


def first_state(bundle: Bundle, count: int, settings: IterativeSettings | None = None) -> torch.Tensor:
    """Return (count, n) states that iterative generation begins at, z = 0 in every discrete group.

    The average face or, with `from_prior`, the mean of the priors' faces.

    Args:
        bundle: gives the schema and the priors.
        count: number of faces.
        settings: the bundle's own if not given.

    Raises:
        InputError: the priors are asked for, and the bundle has none.
    """
    state = average_state(bundle, count)
    if (settings or bundle.settings.iterative).from_prior:
        state[:, : bundle.schema.n_c] = PriorProjection(bundle).mean.clamp(0.0, 1.0)
    return state


def state_from(parameters: torch.Tensor, n_c: int, beta: float) -> torch.Tensor:
    """Return the (N, n) state whose softmax(beta z) gives (N, n) parameters.

    Probabilities below `SMALLEST_PROBABILITY` count as that.
    """
    free = parameters[:, n_c:].clamp_min(SMALLEST_PROBABILITY).log() / beta
    return torch.cat([parameters[:, :n_c], free], dim=1)
