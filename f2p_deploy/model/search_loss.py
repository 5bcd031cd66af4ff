"""The table of searches: what each compares faces by, the descriptor and the loss of a state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.imitator_search import Describe, GenerationLoss
from f2p_deploy.model.shortcut_search import ShortcutLoss
from f2p_deploy.model.surrogate_search import SurrogateDescribe, SurrogateLoss


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


def search_loss(bundle: Bundle, beta: float, fast: bool = False) -> Any:
    """Return the loss of a bundle's search: (state, identity, content, beta) to (N,).

    Args:
        bundle: gives the networks and the kind of search.
        beta: sharpness of the softmax over discrete groups.
        fast: through the bundle's shortcut.

    Raises:
        InputError: the bundle has no shortcut of its own.
    """
    if fast:
        return ShortcutLoss(bundle, beta).eval()
    return SEARCHES[bundle.settings.search].loss(bundle, beta).eval()
