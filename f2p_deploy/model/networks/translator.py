"""The translator T: from an embedding to parameters in three residual attention blocks (section 3.2, Table 4)."""

from collections.abc import Sequence

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings


class Attention(nn.Module):
    """The paper's gate, an SE block without pooling: alpha = sigmoid(W2 relu(W1 v)), v_k <- alpha_k v_k."""

    def __init__(self, channels: int, squeezed: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, squeezed)
        self.excite = nn.Linear(squeezed, channels)

    def forward(self, v: torch.Tensor) -> torch.Tensor:
        return v * torch.sigmoid(self.excite(torch.relu(self.squeeze(v))))


class ResidualAttentionBlock(nn.Module):
    """A residual block: FC(512, 1024) - FC(1024, 512) - SE(512, 16, 512).

    The paper lists these layers; batch norm and ReLU between them follow the ResNet that it cites.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(channels, 2 * channels, bias=False),
            nn.BatchNorm1d(2 * channels),
            nn.ReLU(inplace=True),
            nn.Linear(2 * channels, channels, bias=False),
            nn.BatchNorm1d(channels),
            Attention(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.body(x))


class Translator(nn.Module):
    """The network from an embedding to parameters.

    It has one layer more than Table 4: a batch norm of the embeddings, whose scale depends on the recognition network.

    Args:
        n_c: number of controllers; their head ends in a sigmoid.
        group_sizes: number of options of each discrete group; their head ends in a softmax per group
            (the smoothing of section 3.6 with beta = 1).
        width: multiplies the 512 hidden channels.
        embedding: d, the length of F_recg's embeddings.
    """

    def __init__(
        self, n_c: int, group_sizes: Sequence[int] = (), width: float = 1.0, embedding: int = 256
    ) -> None:
        super().__init__()
        channels = scale_channels(512, width)
        self.group_sizes = tuple(group_sizes)
        self.normalise = nn.BatchNorm1d(embedding)
        self.fc_1 = nn.Linear(embedding, channels)
        self.blocks = nn.Sequential(*(ResidualAttentionBlock(channels) for _ in range(3)))
        self.controllers = nn.Linear(channels, n_c)
        self.discrete = nn.Linear(channels, sum(self.group_sizes)) if self.group_sizes else None

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Return the parameters of embeddings.

        Args:
            embedding: (N, d) of F_recg.

        Returns:
            (N, n): controllers in [0, 1], then each discrete group as probabilities.
        """
        x = self.blocks(torch.relu(self.fc_1(self.normalise(embedding))))
        parts = [torch.sigmoid(self.controllers(x))]
        if self.discrete is not None:
            parts += [scores.softmax(dim=1) for scores in self.discrete(x).split(self.group_sizes, dim=1)]
        return torch.cat(parts, dim=1)


class PlainTranslator(Translator):
    """The translator of Table 8 without attention: a multilayer perceptron with the same widths, without residuals."""

    def __init__(
        self, n_c: int, group_sizes: Sequence[int] = (), width: float = 1.0, embedding: int = 256
    ) -> None:
        super().__init__(n_c, group_sizes, width, embedding)
        channels = self.fc_1.out_features
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [nn.Linear(channels, 2 * channels, bias=False), nn.BatchNorm1d(2 * channels), nn.ReLU()]
            layers += [nn.Linear(2 * channels, channels, bias=False), nn.BatchNorm1d(channels), nn.ReLU()]
        self.blocks = nn.Sequential(*layers)

    @classmethod
    def like(cls, other: Translator) -> "PlainTranslator":
        """Return a perceptron with the input, the outputs and the widths of a translator, with fresh weights."""
        width = other.fc_1.out_features / 512
        return cls(other.controllers.out_features, other.group_sizes, width, other.fc_1.in_features)


def build_translator(schema: Schema, settings: BundleSettings) -> Translator:
    """Return T for a schema, with fresh weights."""
    groups = [len(group.options) for group in schema.discrete_groups]
    sizes = settings.architecture
    return Translator(schema.n_c, groups, sizes.translator_width, sizes.recogniser.length)
