"""The search through a surrogate: what a photo is described as, and how far a character is from it.

No picture is drawn. The surrogate E says which descriptor the recogniser would give the engine's picture of some
parameters; options, age and sex are read from the photo and not searched at all, since a recogniser is easily pleased:
left to choose, it gives people another skin where that turns the descriptor the right way.
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
    """A face to its identity, and to what is read from it: the state, and the face's shape where the bundle has it.

    The shape is as far as the descriptor tells it; where a landmark finder gives a mesh, the shape that it measures
    takes its place, see `f2p_deploy.model.result.with_shapes`.

    Args:
        bundle: gives F and what one-shot generation consists of.
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
    """How far a character is from a photo, without drawing it.

    1 - centred cosine of the photo's descriptor and the surrogate's, the distance of both faces' shapes, what keeps a
    face natural, and what was read.

    The last part is 0 as soon as the held entries are those that were read, which one step sees to, and nearly 1
    before: else the best state of a search could be its first, whose options nobody read.

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

        (1,) beta takes the place of the module's.
        """
        parameters = self.to_parameters(state, beta)
        seen = self.surrogate(parameters)
        alike = F.cosine_similarity(seen, identity - self.surrogate.photos, dim=1)
        away = state[:, : self.n_c] - self.default
        unread = (state - content[:, : self.n]) * self.held
        unread = (unread * unread).sum(dim=1)
        loss = 1.0 - alike + self.naturalness * (away * away * self.searched).sum(dim=1) + unread / (1.0 + unread)
        if not self.shape_weight:
            return loss
        apart = self.surrogate.shape(parameters) - content[:, self.n :]
        return loss + self.shape_weight * self.surrogate.calm * (apart * apart).sum(dim=1)
