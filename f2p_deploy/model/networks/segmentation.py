"""The segmentation network F_seg: ResNet-50 with an output stride of 8, 11 Helen classes (Table 3).

Names and shapes of the tensors are torchvision's `resnet50`, so that ImageNet weights load; the head is `classifier`.
"""

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.depth import scale_blocks
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError

#: Filters of the middle convolution and number of blocks of Conv_2 to Conv_5.
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
EXPANSION = 4
CLASSES = 11


def stage_channels(stage: str, width: float = 1.0) -> int:
    """Return the number of output channels of a stage, `conv_2` to `conv_5`, in a network of a width."""
    return EXPANSION * scale_channels(STAGES[int(stage[-1]) - 2][0], width)


class Bottleneck(nn.Module):
    """A residual block of ResNet-50: 1x1, 3x3 and 1x1 convolutions (He et al. 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        channels_out = EXPANSION * channels
        self.conv1 = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + skip)


class Segmentation(nn.Module):
    """The network from an RGB face to class scores and the features of each stage.

    In Table 3 the last stride of 2 is in Conv_2. In the text the strides of Conv_3 and Conv_4 change from 2 to 1, which
    leaves it in Conv_5. Both give an output stride of 8. The default (2) follows the table: it states the resolution of
    every stage, and only then do all later stages run at 1/8. Common dilated ResNets have the stride in Conv_3 (3).

    Args:
        width: multiplies the number of filters of every layer but the head.
        strided_stage: the stage with stride 2, from 2 (Conv_2) to 5 (Conv_5).
        depth: multiplies the number of residual blocks of each stage; one is always left.

    Raises:
        InputError: there is no such stage.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, width: float = 1.0, strided_stage: int = 2, depth: float = 1.0) -> None:
        super().__init__()
        if strided_stage not in (2, 3, 4, 5):
            raise InputError(f"strided_stage is 2, 3, 4 or 5 (Conv_2 to Conv_5 of Table 3), found {strided_stage}")
        channels = scale_channels(64, width)
        self.conv1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for position, (filters, count) in enumerate(STAGES):
            middle = scale_channels(filters, width)
            stride = 2 if strided_stage == position + 2 else 1
            blocks = [Bottleneck(channels, middle, stride)]
            channels = EXPANSION * middle
            blocks += [Bottleneck(channels, middle, 1) for _ in range(scale_blocks(count, depth) - 1)]
            setattr(self, f"layer{position + 1}", nn.Sequential(*blocks))
        self.classifier = nn.Conv2d(channels, CLASSES, 1)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    def features(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the outputs of all stages.

        Args:
            image: (N, 3, s, s) RGB in [0, 1], s a multiple of 8; ImageNet's mean and deviation are applied here.

        Returns:
            `conv_2` to `conv_5` (N, C, h, w) after the last ReLU of the stage, and `logits` (N, 11, s/8, s/8).
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1((image - self.mean) / self.deviation))))
        stages = {}
        for position in range(len(STAGES)):
            x = getattr(self, f"layer{position + 1}")(x)
            stages[f"conv_{position + 2}"] = x
        stages["logits"] = self.classifier(x)
        return stages

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the class scores, (N, 11, s/8, s/8), before softmax."""
        return self.features(image)["logits"]


def build_segmentation(schema: Schema, settings: BundleSettings) -> Segmentation:
    """Return F_seg with fresh weights; it is the same for every schema."""
    sizes = settings.architecture
    return Segmentation(sizes.segmentation_width, sizes.strided_stage, sizes.segmentation_depth)
