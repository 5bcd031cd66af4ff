"""The shortcut H: predicts from parameters the description that F gives the imitator's picture of them.

A search compares descriptions, never pictures. H leaves out the picture: a small decoder draws the few maps that
determine the content at the content's own resolution, and an MLP predicts the embedding.
"""

import torch
from torch import nn

from f2p_deploy.character.schema import Schema
from f2p_deploy.model.networks.activations import SiLU
from f2p_deploy.model.networks.segmentation import CLASSES, stage_channels
from f2p_deploy.model.networks.width import scale_channels
from f2p_deploy.model.settings import BundleSettings

#: Channels of the decoder at 4², 8², 16², 32² and 64².
WIDTHS = (256, 128, 96, 64, 48)

#: Hidden channels of the linear layers.
HIDDEN = 512

#: Edge of the decoder's first maps.
FIRST_EDGE = 4


class Shortcut(nn.Module):
    """The network from parameters to an embedding and to the maps that `Similarity.content_of_maps` takes.

    Args:
        n: length of the parameters.
        length: d, length of the embeddings.
        kind: what the maps are: `probabilities`, `logits`, `class` (class maps, then a stage of F_seg), or the content
            itself (a stage).
        channels: M, number of maps.
        edge: of the maps in pixels, a power of two.
        width: multiplies the numbers of channels.
    """

    def __init__(self, n: int, length: int, kind: str, channels: int, edge: int, width: float = 1.0) -> None:
        super().__init__()
        hidden = scale_channels(HIDDEN, width)
        widths = [scale_channels(channels, width) for channels in WIDTHS]
        self.kind = kind
        self.first_edge = min(edge, FIRST_EDGE)
        doublings = (edge // self.first_edge).bit_length() - 1
        self.mix = nn.Sequential(nn.Linear(n, hidden), SiLU())
        self.first = nn.Sequential(nn.Linear(n + hidden, widths[0] * self.first_edge**2), SiLU())
        layers: list[nn.Module] = []
        for i in range(doublings):
            layers += [nn.ConvTranspose2d(widths[i], widths[i + 1], 4, 2, 1), nn.BatchNorm2d(widths[i + 1]), SiLU()]
        self.decoder = nn.Sequential(*layers)
        # The features of a stage are hundreds of maps; 3x3 filters of each would cost more than all other layers.
        kernel = 3 if kind in ("probabilities", "logits") else 1
        self.maps = nn.Conv2d(widths[doublings], channels, kernel, 1, kernel // 2)
        self.identity = nn.Sequential(
            nn.Linear(n + hidden, hidden), SiLU(), nn.Linear(hidden, hidden), SiLU(), nn.Linear(hidden, length)
        )

    def forward(self, parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, d) embeddings and (N, M, H, W) maps of the imitator's pictures of (N, n) parameters."""
        seen = torch.cat([parameters, self.mix(parameters - 0.5)], dim=1)
        small = self.first(seen).reshape(parameters.shape[0], -1, self.first_edge, self.first_edge)
        drawn = self.maps(self.decoder(small))
        if self.kind == "probabilities":
            classes = drawn[:, :CLASSES].softmax(dim=1)
            maps = classes if drawn.shape[1] == CLASSES else torch.cat([classes, drawn[:, CLASSES:].sigmoid()], dim=1)
        elif self.kind == "logits":
            maps = drawn
        elif self.kind == "class":
            maps = torch.cat([drawn[:, :CLASSES].softmax(dim=1), drawn[:, CLASSES:].relu()], dim=1)
        else:  # features after a ReLU, weighted by probabilities: never negative
            maps = drawn.relu()
        return self.identity(seen), maps


def build_shortcut(schema: Schema, settings: BundleSettings) -> Shortcut:
    """Return H for a schema, with fresh weights."""
    sizes, similarity = settings.architecture, settings.similarity
    kind: str = similarity.features
    edge = sizes.segmentation_size // 8
    channels = CLASSES
    if kind == "probabilities":
        channels += 3 if similarity.colour_weight else 0
    elif kind != "logits":
        channels = stage_channels(kind, sizes.segmentation_width)
        edge *= 1 if int(kind[-1]) >= sizes.strided_stage else 2
        if similarity.weighting == "class":
            kind, channels = "class", CLASSES + channels
    return Shortcut(schema.n, sizes.recogniser.length, kind, channels, edge, sizes.shortcut_width)
