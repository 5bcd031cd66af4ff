"""One iteration of iterative generation as a module (section 3.4.2, eq. 9); its gradient is PyTorch's autograd's."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.search_loss import search_loss
from f2p_deploy.model.update import Update


class Step(nn.Module):
    """x <- clip(x - mu dL/dx, 0, 1) on the controllers; the free part of the state is not clipped.

    The settings are the bundle's for iterative generation (beta, the priors' subspace, the discrete rate), see
    `f2p_deploy.model.update.Update`. Locked entries are the loop's affair: it puts them back after each step.

    A loop with another beta needs no other graph, since the free part z acts through softmax(beta z) alone. With r, the
    wanted beta over the graph's, let it hold r z in the state, and after each step move the free part r^2 as far as
    the graph moved it. Another discrete rate scales that move in the same way; another `use_prior` is another graph.

    Args:
        bundle: the networks and the settings.
        gradient_and_loss: (state, identity, content) to (gradient (N, n), losses (N,)); PyTorch's autograd if not
            given.
        loss_scale: what that gradient is multiplied by.
    """

    def __init__(self, bundle: Bundle, gradient_and_loss: nn.Module | None = None, loss_scale: float = 1.0) -> None:
        super().__init__()
        settings = bundle.settings.iterative
        self.gradient_and_loss = gradient_and_loss or Autograd(search_loss(bundle, settings.beta))
        self.loss_scale = loss_scale
        self.update = Update(bundle, settings)

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor, learning_rate: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one step.

        Args:
            state: (N, n) controllers in [0, 1], then free numbers z for the discrete groups.
            identity: (N, d) of the photos.
            content: (N, C, H, W) of the photos.
            learning_rate: (1,) mu.

        Returns:
            (N, n) the next state, and (N,) the losses of the given one.
        """
        gradient, loss = self.gradient_and_loss(state, identity, content)
        # The rate is divided, not the gradient: it is float32 whatever the networks compute with.
        return self.update(state, gradient, learning_rate / self.loss_scale, content), loss


class Autograd(nn.Module):
    """The gradient of a loss by PyTorch's autograd: what the lowered graph is measured against."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss.eval()

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return dL/dx (N, n) of each sample's own loss, and the losses (N,)."""
        with torch.enable_grad():
            leaf = state.detach().clone().requires_grad_(True)
            loss = self.loss(leaf, identity, content)
            (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        return gradient, loss.detach()
