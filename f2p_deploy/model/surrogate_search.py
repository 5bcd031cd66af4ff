"""The search through a surrogate: the description of a photo, and the loss of a character.

No picture is rendered: the surrogate E predicts the descriptor that the recogniser would give the engine's picture of
some parameters. Options, age and sex are read from the photo and not searched. A search would change them, for example
the skin tone, wherever that brings the descriptor nearer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import held_entries
from f2p_deploy.model.one_shot import OneShot
from f2p_deploy.model.reading import SHARPNESS
from f2p_deploy.model.state import StateToParameters


class SurrogateDescribe(nn.Module):
    """The map from a face to its identity, the state read from it and, if the bundle compares shapes, its face shape.

    The face shape is predicted from the descriptor. A shape measured by a landmark finder may replace it, see
    `f2p_deploy.model.result.with_shapes`.

    Args:
        bundle: gives F and the networks of one-shot generation.
        beta: sharpness of the state's softmax.
    """

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        self.one_shot = OneShot(bundle)
        self.surrogate = bundle.surrogate
        self.n_c, self.beta = bundle.schema.n_c, beta

    def forward(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, d) identity and (N, n + k) state and shape of aligned faces (N, 3, S, S), RGB in [0, 1]."""
        identity = self.one_shot.similarity.identity(face)
        controllers, scores = self.one_shot.parts(face, identity)
        read = [controllers, scores * (SHARPNESS / self.beta)]
        if self.surrogate.shape_length:
            read.append(self.surrogate.shape_of_photo(identity))
        return identity, torch.cat(read, dim=1)


class SurrogateLoss(nn.Module):
    """The loss of a character against a photo, without rendering.

    It is the sum of 1 - centred cosine of the photo's and the surrogate's descriptor, the squared distance of the face
    shapes, a penalty on unnatural faces, and a penalty on held entries that differ from those read from the photo.

    The last penalty is nearly 1 in the initial state and 0 after the first step, which sets the held entries. Without
    it the best state of a search could be the initial one, whose options were not read.

    Args:
        bundle: gives the surrogate and the settings.
        beta: sharpness of the softmax over discrete groups.
    """

    default: torch.Tensor
    searched: torch.Tensor
    held: torch.Tensor

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        schema = bundle.schema
        self.to_parameters = StateToParameters(bundle, beta)
        self.surrogate = bundle.surrogate
        self.naturalness = bundle.settings.similarity.naturalness
        self.shape_weight = bundle.settings.similarity.shape_weight if self.surrogate.shape_length else 0.0
        self.n, self.n_c = schema.n, schema.n_c
        held = torch.from_numpy(held_entries(schema))
        searched = ~held[: schema.n_c]
        spread = bundle.settings.similarity.spread
        self.register_buffer("held", held.float(), persistent=False)
        self.register_buffer("default", torch.tensor([c.default for c in schema.controllers]), persistent=False)
        self.register_buffer("searched", searched.float() / (spread**2 * schema.n_c), persistent=False)

    def forward(
        self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor, beta: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return (N,) losses of (N, n) states against a photo's description, identity (N, d) and content (N, n + k).

        `beta` (1,) replaces the module's.
        """
        parameters = self.to_parameters(state, beta)
        predicted = self.surrogate(parameters)
        alike = F.cosine_similarity(predicted, identity - self.surrogate.photos, dim=1)
        away = state[:, : self.n_c] - self.default
        unread = (state - content[:, : self.n]) * self.held
        unread = (unread * unread).sum(dim=1)
        loss = 1.0 - alike + self.naturalness * (away * away * self.searched).sum(dim=1) + unread / (1.0 + unread)
        if not self.shape_weight:
            return loss
        apart = self.surrogate.shape(parameters) - content[:, self.n :]
        return loss + self.shape_weight * self.surrogate.calm * (apart * apart).sum(dim=1)


def with_locked(content: torch.Tensor, state: torch.Tensor, locked: torch.Tensor, n: int) -> torch.Tensor:
    """Return the content of photos with a state's locked entries in place of those that were read from the photo.

    The loss of a locked option or age does then not count that the photo says something else.

    Args:
        content: (N, n + k) of `SurrogateDescribe`.
        state: (N, n).
        locked: (n,) 1 for entries that do not change, 0 for the others.
        n: length of a state; a number, since coremltools cannot convert an index that is traced from a shape.
    """
    kept = content[:, :n] * (1.0 - locked) + state * locked
    return kept if int(content.shape[1]) == n else torch.cat([kept, content[:, n:]], dim=1)
