"""The search through the shortcut: the paper's loss (eq. 9) without a picture."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.shortcut_owner import require_own_shortcut
from f2p_deploy.model.similarity import content_loss
from f2p_deploy.model.state import StateToParameters


def own_shortcut(bundle: Bundle) -> nn.Module:
    """Return a bundle's shortcut.

    Raises:
        InputError: the bundle has none, or one that was trained for other networks or losses than its own.
    """
    shortcut = bundle.shortcut
    require_own_shortcut(bundle)
    return shortcut


class ShortcutLoss(nn.Module):
    """The loss lambda_1 L_idt + lambda_2 L_ctt of a state (eq. 9), with its description predicted by the shortcut.

    Args:
        bundle: gives the shortcut, and the settings of the descriptor.
        beta: sharpness of the softmax over discrete groups.
        shortcut: the bundle's if not given.
    """

    def __init__(self, bundle: Bundle, beta: float, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.to_parameters = StateToParameters(bundle, beta)
        self.shortcut = own_shortcut(bundle) if shortcut is None else shortcut
        self.similarity = bundle.similarity

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor, beta: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return (N,) losses of (N, n) states against identity (N, d) and content (N, C, H, W) of the photos.

        `beta` (1,) replaces the module's.
        """
        return self.compare(*self.describe(state, beta), identity, content)

    def describe(self, state: torch.Tensor, beta: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the predicted identities (N, d) and maps (N, M, H, W) of states, see `Similarity.maps`."""
        described: tuple[torch.Tensor, torch.Tensor] = self.shortcut(self.to_parameters(state, beta))
        return described

    def compare(
        self, own_identity: torch.Tensor, maps: torch.Tensor, identity: torch.Tensor, content: torch.Tensor
    ) -> torch.Tensor:
        """Return the (N,) losses of predicted identities and maps against the photos' identities and contents."""
        return self.similarity.compare(own_identity, self.similarity.content_of_maps(maps), identity, content)


class CompareFast(nn.Module):
    """The losses of many characters against one photo, with their descriptions predicted by the shortcut.

    Options of discrete groups are compared by it: all options of all groups in one call.

    Args:
        bundle: gives the shortcut, and the settings of the descriptor.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.shortcut = own_shortcut(bundle)
        self.similarity = bundle.similarity

    def forward(
        self, parameters: torch.Tensor, identity: torch.Tensor, content: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the (B,) losses of eq. 9 and the (B,) content losses of eq. 6.

        Args:
            parameters: (B, n).
            identity: (1, d) of the photo.
            content: (1, C, H, W) of the photo.
        """
        own_identity, maps = self.shortcut(parameters)
        own_content = self.similarity.content_of_maps(maps)
        losses = self.similarity.compare(own_identity, own_content, identity, content)
        return losses, content_loss(content, own_content, self.similarity.settings.reduction)
