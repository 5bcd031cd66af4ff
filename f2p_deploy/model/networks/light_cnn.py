"""The recognition network F_recg: LightCNN-29v2 (Wu et al. 2018, "A Light CNN for Deep Face Representation").

Names and shapes of the tensors are those of the authors' checkpoint, which therefore loads unchanged.
"""

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.model.networks.depth import scale_blocks
from f2p_deploy.model.networks.width import scale_channels

EMBEDDING = 256


class MaxFeatureMap(nn.Module):
    """A convolution to twice the channels, followed by the element-wise maximum of the two halves."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3) -> None:
        super().__init__()
        self.filter = nn.Conv2d(channels_in, 2 * channels_out, kernel, padding=kernel // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = self.filter(x).chunk(2, dim=1)
        return torch.maximum(first, second)


class ResidualBlock(nn.Module):
    """A residual block of two max-feature-map convolutions, without batch norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = MaxFeatureMap(channels, channels)
        self.conv2 = MaxFeatureMap(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(self.conv1(x))


class Group(nn.Module):
    """A 1x1 and a 3x3 max-feature-map convolution."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv_a = MaxFeatureMap(channels_in, channels_in, kernel=1)
        self.conv = MaxFeatureMap(channels_in, channels_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.conv_a(x))


class LightCNN(nn.Module):
    """The network from a grey face to its embedding.

    The input is 128²; after four poolings the fully connected layer takes 8².

    Args:
        width: multiplies the number of channels; 1 is the published network (10,475,872 parameters).
        depth: multiplies the number of residual blocks of each stage; one is always left.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        c48, c96, c192, c128 = (scale_channels(channels, width) for channels in (48, 96, 192, 128))
        self.conv1 = MaxFeatureMap(1, c48, kernel=5)
        self.block1 = _blocks(c48, 1, depth)
        self.group1 = Group(c48, c96)
        self.block2 = _blocks(c96, 2, depth)
        self.group2 = Group(c96, c192)
        self.block3 = _blocks(c192, 3, depth)
        self.group3 = Group(c192, c128)
        self.block4 = _blocks(c128, 4, depth)
        self.group4 = Group(c128, c128)
        self.fc = nn.Linear(8 * 8 * c128, EMBEDDING)

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of faces.

        Args:
            grey: (N, 1, 128, 128) in [0, 1].

        Returns:
            (N, 256) embeddings, not normalised.
        """
        x = _pool(self.conv1(grey))
        x = _pool(self.group1(self.block1(x)))
        x = _pool(self.group2(self.block2(x)))
        x = self.group4(self.block4(self.group3(self.block3(x))))
        return self.fc(_pool(x).flatten(1))


def _blocks(channels: int, count: int, depth: float) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(scale_blocks(count, depth))))


def _pool(x: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(x, 2) + F.avg_pool2d(x, 2)
