"""The imitator G: from parameters to a picture with eight transposed convolutions (section 3.1, Table 2)."""

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError

#: Numbers of filters of Conv_1 to Conv_7 in Table 2, for pictures of 512².
TABLE_2_WIDTHS = (512, 512, 512, 256, 128, 64, 64)


class Imitator(nn.Module):
    """The network that imitates the engine's renderer.

    Table 2 gives no activation after Conv_8; here a sigmoid keeps the picture in [0, 1].
    For smaller pictures the last layers before the output are left out: 256² has seven transposed convolutions.

    Args:
        n: length of the parameters.
        size: edge of the picture in pixels, a power of two from 64 to 512.
        width: multiplies the number of filters of every layer but the output.

    Raises:
        InputError: the size is not one of 64, 128, 256 and 512.
    """

    def __init__(self, n: int, size: int = 512, width: float = 1.0) -> None:
        super().__init__()
        sizes = (64, 128, 256, 512)
        if size not in sizes:
            raise InputError(f"the imitator draws {', '.join(map(str, sizes))} pixels, asked for {size}")
        hidden = [scale_channels(filters, width) for filters in TABLE_2_WIDTHS[: size.bit_length() - 3]]
        layers: list[nn.Module] = []
        channels = n
        for position, filters in enumerate(hidden):
            stride, padding = (1, 0) if position == 0 else (2, 1)
            layers += [
                nn.ConvTranspose2d(channels, filters, 4, stride, padding, bias=False),
                nn.BatchNorm2d(filters),
                nn.ReLU(inplace=True),
            ]
            channels = filters
        layers.append(nn.ConvTranspose2d(channels, 3, 4, 2, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return the pictures of parameters.

        Args:
            parameters: (N, n); controllers in [0, 1], discrete groups as probabilities.

        Returns:
            (N, 3, S, S) RGB in [0, 1].
        """
        return torch.sigmoid(self.layers(parameters[:, :, None, None]))


def build_imitator(schema: Schema, settings: BundleSettings) -> Imitator:
    """Return G for a schema, with fresh weights."""
    sizes = settings.architecture
    return Imitator(schema.n, sizes.image_size, sizes.imitator_width)
