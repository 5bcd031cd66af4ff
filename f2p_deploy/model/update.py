"""One update of a search: the gradient step and Nesterov momentum (section 3.4.2)."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.model.prior_projection import PriorProjection
from f2p_deploy.model.settings import IterativeSettings


class Update(nn.Module):
    """The gradient step x <- clip(x - mu dL/dx, 0, 1), in the priors' subspace if the settings ask for it.

    Only controllers are clipped; the logits z of discrete groups are unbounded.

    Args:
        bundle: gives the schema and the priors.
        settings: give `use_prior` and `discrete_rate`.
    """

    def __init__(self, bundle: Bundle, settings: IterativeSettings) -> None:
        super().__init__()
        self.n, self.n_c = bundle.schema.n, bundle.schema.n_c
        self.discrete_rate = settings.discrete_rate
        self.prior = PriorProjection(bundle) if settings.use_prior else None
        self.held: torch.Tensor | None
        surrogate = bundle.settings.search == "surrogate"
        held = torch.from_numpy(held_entries(bundle.schema)).float() if surrogate else None
        self.register_buffer("held", held, persistent=False)

    def forward(
        self,
        state: torch.Tensor,
        gradient: torch.Tensor,
        learning_rate: torch.Tensor | float,
        content: torch.Tensor,
        discrete_rate: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the next state.

        Args:
            state, gradient: (N, n).
            learning_rate: mu, a number or (1,).
            content: of the photos; in a search through a surrogate (N, n + k), the states read from them, whose held
                entries are copied.
            discrete_rate: (1,) learning rate of the discrete groups / of the controllers; the settings' if not given.
        """
        if self.prior is not None:
            gradient = self.prior.descent(gradient)
        rate = self.discrete_rate if discrete_rate is None else discrete_rate
        if isinstance(rate, torch.Tensor) or rate != 1.0:
            gradient = torch.cat([gradient[:, : self.n_c], gradient[:, self.n_c :] * rate], dim=1)
        moved = state - learning_rate * gradient
        if self.prior is not None:
            moved = self.prior(moved)
        if self.held is not None:
            moved = moved * (1.0 - self.held) + content[:, : self.n] * self.held
        return torch.cat([moved[:, : self.n_c].clamp(0.0, 1.0), moved[:, self.n_c :]], dim=1)


def lookahead(state: torch.Tensor, before: torch.Tensor, momentum: torch.Tensor | float, n_c: int) -> torch.Tensor:
    """Return Nesterov's look-ahead (1983), state + momentum (state - before), with controllers clipped to [0, 1].

    Args:
        state: (N, n) result of the last step.
        before: (N, n) result of the step before it.
        momentum: a number in [0, 1), or (1,); with 0 the result is the state itself.
        n_c: number of controllers.
    """
    moved = state + momentum * (state - before)
    return torch.cat([moved[:, :n_c].clamp(0.0, 1.0), moved[:, n_c:]], dim=1)
