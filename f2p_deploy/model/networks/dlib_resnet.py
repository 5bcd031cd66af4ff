"""The recognition network F_recg of the *lite* size: dlib's face recognition ResNet (King 2017), 29 convolutions.

Its author put the trained weights into the public domain; `f2p_deploy.model.networks.dlib_file` reads them. The affine
layer after each convolution in dlib's file is folded into the convolution.
"""

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.model.networks.depth import scale_blocks
from f2p_deploy.model.networks.width import scale_channels

#: Edge of the network's input in pixels, and length of its descriptor.
CHIP = 150
DESCRIPTOR = 128

#: Channels, number of residual blocks, and True if the first block has stride 2, of each stage.
STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))

#: Normalisation of the input: means of red, green and blue in [0, 255], and the divisor after subtracting them.
MEAN = (122.782, 117.001, 104.298)
DIVISOR = 256.0


class DlibBlock(nn.Module):
    """A residual block of two 3x3 convolutions; if the first has stride 2, the skip is average-pooled.

    dlib adds feature maps of different sizes: the smaller one is padded with zeros, in space and in channels.
    """

    def __init__(self, channels_in: int, channels_out: int, halves: bool, size: int) -> None:
        super().__init__()
        self.halves = halves
        #: Edge of the output feature maps.
        self.size = max((size - 1) // 2, size // 2) if halves else size
        self._skip = (channels_in, size // 2 if halves else size)
        self._body = (channels_out, (size - 1) // 2 if halves else size)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=2 if halves else 1, padding=0 if halves else 1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(torch.relu(self.conv1(x)))
        skip = F.avg_pool2d(x, 2) if self.halves else x
        return torch.relu(_grown(y, self._body, self._skip) + _grown(skip, self._skip, self._body))


class DlibResNet(nn.Module):
    """The network from a colour face to its descriptor, with 5,607,488 parameters.

    Args:
        width: multiplies the number of channels; 1 is the published network.
        depth: multiplies the number of residual blocks of each stage; one is always left.
    """

    mean: torch.Tensor

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        channels = scale_channels(STAGES[0][0], width)
        self.stem = nn.Conv2d(3, channels, 7, stride=2)
        blocks: list[DlibBlock] = []
        size = ((CHIP - 7) // 2 + 1 - 3) // 2 + 1
        for count, repeats, halves in STAGES:
            for i in range(scale_blocks(repeats, depth)):
                blocks.append(DlibBlock(channels, scale_channels(count, width), halves and i == 0, size))
                channels, size = max(channels, scale_channels(count, width)), blocks[-1].size
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, DESCRIPTOR, bias=False)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """Return the descriptors of faces.

        Args:
            face: (N, 3, 150, 150) RGB in [0, 1].

        Returns:
            (N, 128) descriptors, not normalised. With the published weights the distance between two photos of one
            person is below 0.6.
        """
        x = (face * 255.0 - self.mean) / DIVISOR
        x = F.max_pool2d(torch.relu(self.stem(x)), 3, 2)
        return self.fc(self.blocks(x).mean(dim=(2, 3)))


def _grown(x: torch.Tensor, own: tuple[int, int], other: tuple[int, int]) -> torch.Tensor:
    """Return `x` padded with zeros after its last channel, below and to the right, to the larger of two sizes.

    Args:
        x: (N, channels, edge, edge).
        own, other: channels and edge of `x` and of the map that it is added to, as Python integers: the sizes of a
            traced tensor are not constants.
    """
    channels, edge = (max(0, theirs - mine) for mine, theirs in zip(own, other, strict=True))
    return F.pad(x, (0, edge, 0, edge, 0, channels)) if channels or edge else x
