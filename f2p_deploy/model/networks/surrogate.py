"""The surrogate E: predicts from parameters the descriptor that the recogniser gives their engine picture."""

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.activations import silu
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings

#: Number of networks in the ensemble.
MEMBERS = 2


class Member(nn.Module):
    """One network of the ensemble: an MLP plus a linear map from parameters to a descriptor."""

    def __init__(self, n: int, length: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(n, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, length)
        self.straight = nn.Linear(n, length, bias=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.dropout(silu(self.first(x)))
        y = self.dropout(silu(self.second(y)))
        return self.last(y) + self.straight(x)


class Surrogate(nn.Module):
    """The ensemble E that replaces rendering and recognition in a search.

    Descriptors of engine pictures and of photos are centred by the mean of their kind before their cosine is taken, so
    that the difference common to all rendered faces has no effect. The buffers `characters` and `photos` are the means.

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
            # Fitted by regression instead of trained; zero if there is no data to fit them to.
            self.shaped, self.guess = nn.Linear(n, shape_length), nn.Linear(length, shape_length)
            for layer in (self.shaped, self.guess):
                for tensor in layer.requires_grad_(False).parameters():
                    nn.init.zeros_(tensor)
            self.register_buffer("calm", torch.ones(1))

    def each(self, parameters: torch.Tensor) -> list[torch.Tensor]:
        """Return the (N, d) predictions of every member."""
        x = parameters - self.middle
        return [member(x) * self.scale for member in self.members]

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return the mean prediction of the members.

        Args:
            parameters: (N, n), discrete groups as probabilities.

        Returns:
            (N, d) descriptors of the engine's pictures minus their mean over characters.
        """
        first, *others = self.each(parameters)
        for other in others:
            first = first + other
        return first / len(self.members)

    def shape(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (N, k) face shapes of the engine's pictures of (N, n) parameters, minus their mean over characters.

        The map is linear, because sliders move a mesh linearly.
        """
        return self.shaped(parameters)

    def shape_of_photo(self, identity: torch.Tensor) -> torch.Tensor:
        """Return (N, k) face shapes predicted from (N, d) descriptors of photos."""
        return self.guess(identity - self.photos)


def build_surrogate(schema: Schema, settings: BundleSettings) -> Surrogate:
    """Return E for a schema, with fresh weights."""
    sizes = settings.architecture
    return Surrogate(schema.n, sizes.recogniser.length, sizes.surrogate_width, sizes.shape_length)
