"""The surrogate E: parameters to the descriptor that the recogniser gives the engine's picture of them."""

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings

#: How many networks of one size give their mean.
MEMBERS = 2


class Member(nn.Module):
    """A bent and a straight way from parameters to a descriptor, added."""

    def __init__(self, n: int, length: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(n, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, length)
        self.straight = nn.Linear(n, length, bias=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.dropout(_silu(self.first(x)))
        y = self.dropout(_silu(self.second(y)))
        return self.last(y) + self.straight(x)


def _silu(x: torch.Tensor) -> torch.Tensor:
    """Return x sigmoid(x): smooth, so that a search is not led by kinks; written out, it has a portable gradient."""
    return x * torch.sigmoid(x)


class Surrogate(nn.Module):
    """E: what a search asks instead of drawing a character and looking at the picture.

    Descriptors of engine pictures and of photos are compared less the mean of their own kind (centred cosine), so that
    what all drawn faces have in common does not count. Both means are kept here, in `characters` and `photos`.

    Args:
        n: length of the parameters.
        length: d, length of the descriptors.
        width: multiplies the 768 hidden channels.
        shape_length: k, length of face shapes (`f2p_deploy.character.face_shape`); 0 leaves them out.
    """

    middle: torch.Tensor
    scale: torch.Tensor
    characters: torch.Tensor
    photos: torch.Tensor
    calm: torch.Tensor

    def __init__(self, n: int, length: int, width: float = 1.0, shape_length: int = 0) -> None:
        super().__init__()
        hidden = scale_channels(768, width)
        self.members = nn.ModuleList(Member(n, length, hidden) for _ in range(MEMBERS))
        self.register_buffer("middle", torch.full((n,), 0.5))
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("characters", torch.zeros(length))
        self.register_buffer("photos", torch.zeros(length))
        self.shape_length = shape_length
        if shape_length:
            # Fitted by regression, not trained: zero until then, and where there is nothing to learn from.
            self.shaped, self.guess = nn.Linear(n, shape_length), nn.Linear(length, shape_length)
            for layer in (self.shaped, self.guess):
                for tensor in layer.requires_grad_(False).parameters():
                    nn.init.zeros_(tensor)
            self.register_buffer("calm", torch.ones(1))

    def each(self, parameters: torch.Tensor) -> list[torch.Tensor]:
        """Return (N, d) of every member."""
        x = parameters - self.middle
        return [member(x) * self.scale for member in self.members]

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        """Predict.

        Args:
            parameters: (N, n), discrete groups as probabilities.

        Returns:
            (N, d) descriptors of the engine's pictures, less their mean over characters.
        """
        first, *others = self.each(parameters)
        for other in others:
            first = first + other
        return first / len(self.members)

    def shape(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (N, k) face shapes of the engine's pictures of (N, n) parameters, less their mean over characters.

        Sliders move a mesh linearly, and shapes follow.
        """
        return self.shaped(parameters)

    def shape_of_photo(self, identity: torch.Tensor) -> torch.Tensor:
        """Return (N, k) face shapes as far as (N, d) descriptors of photos tell them."""
        return self.guess(identity - self.photos)


def build_surrogate(schema: Schema, settings: BundleSettings) -> Surrogate:
    """Return E for a schema, with fresh weights."""
    sizes = settings.architecture
    return Surrogate(schema.n, sizes.recogniser.length, sizes.surrogate_width, sizes.shape_length)
