"""The reader: what can be read from a photo, and is therefore not searched: options, and the sliders of age and sex."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.engine.engine import HELEN_CLASSES
from f2p_deploy.similarity import COLOURED_REGIONS

#: Edge of the class maps that are read, in cells.
CELLS = 8


class Reader(nn.Module):
    """A linear map from a face's description to the scores of options and to sliders.

    Its inputs are the identity, the mean colour of each of `COLOURED_REGIONS` and the class probabilities in 8 x 8
    cells, each less its mean and over its deviation in photos.

    Args:
        group_sizes: number of options of each discrete group.
        ordered: which groups' options lie on a line, as skin tones from light to dark: these are read as a place on it.
        sliders: how many sliders are read.
        length: d, of the identity.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, group_sizes: Sequence[int], ordered: Sequence[bool], sliders: int, length: int) -> None:
        super().__init__()
        self.group_sizes, self.ordered, self.sliders = tuple(group_sizes), tuple(ordered), sliders
        features = length + 3 * len(COLOURED_REGIONS) + len(HELEN_CLASSES) * CELLS**2
        self.linear = nn.Linear(features, sum(group_sizes) + sliders)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read.

        Args:
            features: (N, f) of `reader_features`.

        Returns:
            (N, n_d) scores, whose softmax within each group is the options' probability, and (N, k) sliders in [0, 1].
        """
        found = self.linear((features - self.mean) / self.deviation)
        scores = []
        start = 0
        for size, ordered in zip(self.group_sizes, self.ordered, strict=True):
            part = found[:, start : start + size]
            if ordered:
                places = torch.arange(size, dtype=part.dtype, device=part.device)
                part = -(part[:, :1] - places) * (part[:, :1] - places)
            scores.append(part)
            start += size
        return torch.cat(scores, dim=1), found[:, start:].clamp(0.0, 1.0)


def reader_features(identity: torch.Tensor, probabilities: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """Return (N, f) what a reader reads.

    Args:
        identity: (N, d).
        probabilities: (N, C, H, W) of the classes.
        colours: (N, R, 3) mean colours of `COLOURED_REGIONS`.
    """
    cells = F.avg_pool2d(probabilities, probabilities.shape[-1] // CELLS)
    return torch.cat([identity, colours.flatten(1), cells.flatten(1)], dim=1)
