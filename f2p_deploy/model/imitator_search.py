"""The search through the imitator: a character is drawn, and its picture compared with the photo (eqs. 5, 6, 9)."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.similarity import Similarity
from f2p_deploy.model.state import StateToParameters


class GenerationLoss(nn.Module):
    """The loss lambda_1 L_idt + lambda_2 L_ctt of a state's rendered face (eq. 9).

    Args:
        bundle: gives the imitator and the descriptor.
        beta: sharpness of the softmax over discrete groups.
    """

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        self.to_parameters = StateToParameters(bundle, beta)
        self.imitator = bundle.imitator
        self.similarity = bundle.similarity

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor, beta: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return (N,) losses of (N, n) states against identity (N, d) and content (N, C, H, W) of the photos.

        `beta` (1,) replaces the module's.
        """
        return self.similarity(self.imitator(self.to_parameters(state, beta)), identity, content)


class Describe(nn.Module):
    """The map from a face to its identity and content: `Similarity.describe` as a module."""

    def __init__(self, similarity: Similarity) -> None:
        super().__init__()
        self.similarity = similarity

    def forward(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.similarity.describe(face)
