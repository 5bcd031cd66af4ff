"""One iteration of iterative generation as a module (section 3.4.2, eq. 9), with PyTorch's autograd by default."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.search_loss import search_loss
from f2p_deploy.model.surrogate_search import with_locked
from f2p_deploy.model.update import Update, lookahead


class Step(nn.Module):
    """A gradient step with Nesterov momentum: x <- clip(x - mu dL/dx, 0, 1) from the look-ahead x.

    The module contains everything between two gradients, so that all runtimes compute the same. Momentum, locks, the
    sharpness of the softmax and the discrete groups' learning rate are inputs. The priors' subspace and the weights of
    the loss come from the bundle's settings for iterative generation, see `f2p_deploy.model.update.Update`.

    Args:
        bundle: the networks and the settings.
        gradient_and_loss: maps (state, identity, content, beta) to (gradient (N, n), losses (N,)); without beta if the
            schema has no discrete groups. PyTorch's autograd if not given.
        loss_scale: factor by which that gradient is scaled.
        fast: take the gradient of the loss through the bundle's shortcut.
    """

    def __init__(
        self,
        bundle: Bundle,
        gradient_and_loss: nn.Module | None = None,
        loss_scale: float = 1.0,
        fast: bool = False,
    ) -> None:
        super().__init__()
        settings = bundle.settings.iterative
        self.gradient_and_loss = gradient_and_loss or Autograd(search_loss(bundle, settings.beta, fast))
        self.loss_scale, self.n_c = loss_scale, bundle.schema.n_c
        self.update = Update(bundle, settings)
        self.reads = bundle.settings.search == "surrogate"

    def forward(
        self,
        state: torch.Tensor,
        before: torch.Tensor,
        identity: torch.Tensor,
        content: torch.Tensor,
        locked: torch.Tensor,
        learning_rate: torch.Tensor,
        momentum: torch.Tensor,
        beta: torch.Tensor | None = None,
        discrete_rate: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Take one step.

        Args:
            state: (N, n) output of the last step: controllers in [0, 1], then logits z of the discrete groups.
            before: (N, n) input of the last step; in the first step `state` itself.
            identity: (N, d) of the photos.
            content: (N, C, H, W) of the photos.
            locked: (n,) 1 for entries that do not change, 0 for the others.
            learning_rate: (1,) mu.
            momentum: (1,) in [0, 1).
            beta: (1,) sharpness of the softmax; the bundle's if not given, as in schemas without discrete groups.
            discrete_rate: (1,) learning rate of the discrete groups / of the controllers; the bundle's if not given.

        Returns:
            (N, n) the next state; (N,) the losses at the look-ahead; and (N, n) the look-ahead.
        """
        ahead = lookahead(state, before, momentum, self.n_c)
        if self.reads:
            content = with_locked(content, ahead, locked, self.update.n)
        described = (identity, content) if beta is None else (identity, content, beta)
        gradient, loss = self.gradient_and_loss(ahead, *described)
        # The learning rate is divided instead of the gradient: it is float32 in every precision of the networks.
        moved = self.update(ahead, gradient, learning_rate / self.loss_scale, content, discrete_rate)
        return moved * (1.0 - locked) + ahead * locked, loss, ahead


class Autograd(nn.Module):
    """The gradient of a loss by PyTorch's autograd: the reference for the lowered graph."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss.eval()

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor, beta: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return dL/dx (N, n) of each sample's own loss, and the losses (N,)."""
        with torch.enable_grad():
            leaf = state.detach().clone().requires_grad_(True)
            loss = self.loss(leaf, identity, content, *(() if beta is None else (beta,)))
            (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        return gradient, loss.detach()
