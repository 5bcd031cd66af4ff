"""What a search compares faces by: the descriptor, and the loss of a state (eqs. 5, 6 and 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.similarity import Similarity
from f2p_deploy.model.state import StateToParameters
from f2p_deploy.model.surrogate_search import SurrogateDescribe, SurrogateLoss


class GenerationLoss(nn.Module):
    """lambda_1 L_idt + lambda_2 L_ctt of a state's rendered face (eq. 9).

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

        (1,) beta takes the place of the module's.
        """
        return self.similarity(self.imitator(self.to_parameters(state, beta)), identity, content)


class Describe(nn.Module):
    """A face to its identity and content: `Similarity.describe` as a module."""

    def __init__(self, similarity: Similarity) -> None:
        super().__init__()
        self.similarity = similarity

    def forward(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.similarity.describe(face)


@dataclass(frozen=True)
class SearchKind:
    """One way to search: adding one is a module with both and a line in `SEARCHES`.

    Args:
        describe: makes, of a bundle, the module from (N, 3, S, S) faces to identity and content.
        loss: makes, of a bundle and beta, the module from (state, identity, content, beta) to (N,) losses; it has
            `to_parameters`.
    """

    describe: Callable[[Bundle], nn.Module]
    loss: Callable[[Bundle, float], Any]


#: By the word of `f2p_deploy.model.settings.Search`.
SEARCHES: dict[str, SearchKind] = {
    "imitator": SearchKind(lambda bundle: Describe(bundle.similarity), GenerationLoss),
    "surrogate": SearchKind(lambda bundle: SurrogateDescribe(bundle, bundle.settings.iterative.beta), SurrogateLoss),
}


def describer(bundle: Bundle) -> nn.Module:
    """Return the module that describes faces for a bundle's search: (N, 3, S, S) to identity and content."""
    return SEARCHES[bundle.settings.search].describe(bundle).eval()


def search_loss(bundle: Bundle, beta: float) -> Any:
    """Return the loss of a bundle's search: (state, identity, content, beta) to (N,)."""
    return SEARCHES[bundle.settings.search].loss(bundle, beta).eval()
