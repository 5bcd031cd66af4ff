"""The reader: predicts options and the sliders of age and sex from a photo, which are then not searched."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.networks.segmentation import stage_channels
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.model.similarity import COLOURED_REGIONS, Regions

#: Edge of the pooled class maps and of a stage's pooled features, in cells.
CELLS, STAGE_CELLS = 8, 4


class Reader(nn.Module):
    """The linear map from a face's features to the logits of options and to sliders.

    Its inputs are the identity, the mean colour of each of `COLOURED_REGIONS` and the class probabilities in 8 x 8
    cells. With a stage of the segmentation network the inputs also include the colour of the hair above the clothes and
    the stage's features in 4 x 4 cells; left and right halves are then averaged, so that a mirrored photo reads nearly
    the same. Features are standardised by their mean and standard deviation over photos.

    Args:
        group_sizes: number of options of each discrete group.
        ordered: True for groups with ordered options, such as skin tones from light to dark: one linear output predicts
            the position among them.
        sliders: number of sliders.
        length: d, the length of the identity.
        channels: K, the channels of the stage's features; 0 for no stage.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    sides: torch.Tensor

    def __init__(
        self, group_sizes: Sequence[int], ordered: Sequence[bool], sliders: int, length: int, channels: int = 0
    ) -> None:
        super().__init__()
        self.group_sizes, self.ordered, self.sliders = tuple(group_sizes), tuple(ordered), sliders
        sides = list(dict.fromkeys(_without_side(name) for name in HELEN_CLASSES))
        merged = [[float(_without_side(name) == side) for name in HELEN_CLASSES] for side in sides]
        self.register_buffer("sides", torch.tensor(merged)[:, :, None, None], persistent=False)
        self.channels = channels
        colours, hair = 3 * len(COLOURED_REGIONS), 3 if channels else 0
        cells = len(sides) * CELLS**2 // 2 if channels else len(HELEN_CLASSES) * CELLS**2
        #: Numbers of features of the identity, the colours, the class maps and the stage.
        self.parts = (length, colours + hair, cells, channels * STAGE_CELLS**2 // 2)
        features = sum(self.parts)
        self.linear = nn.Linear(features, sum(group_sizes) + sliders)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def features(self, identity: torch.Tensor, regions: Regions) -> torch.Tensor:
        """Return the (N, f) features of faces.

        Args:
            identity: (N, d).
            regions: of the same faces, with the stage's features if the reader has a stage.
        """
        probabilities = regions.probabilities
        if not self.channels or regions.features is None:
            cells = F.avg_pool2d(probabilities, probabilities.shape[-1] // CELLS)
            return torch.cat([identity, regions.colours.flatten(1), cells.flatten(1)], dim=1)
        merged = F.conv2d(probabilities, self.sides)
        cells = _halved(F.avg_pool2d(merged, merged.shape[-1] // CELLS), CELLS)
        stage = _halved(F.avg_pool2d(regions.features, regions.features.shape[-1] // STAGE_CELLS), STAGE_CELLS)
        colours = regions.colours.flatten(1)
        return torch.cat([identity, colours, regions.upper_hair, cells.flatten(1), stage.flatten(1)], dim=1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits of options and the sliders.

        Args:
            features: (N, f) of `features`.

        Returns:
            (N, n_d) logits, whose softmax within each group gives the options' probabilities, and (N, k) sliders in
            [0, 1].
        """
        outputs = self.linear((features - self.mean) / self.deviation)
        scores = []
        start = 0
        for size, ordered in zip(self.group_sizes, self.ordered, strict=True):
            part = outputs[:, start : start + size]
            if ordered:
                places = torch.arange(size, dtype=part.dtype, device=part.device)
                part = -(part[:, :1] - places) * (part[:, :1] - places)
            scores.append(part)
            start += size
        return torch.cat(scores, dim=1), outputs[:, start:].clamp(0.0, 1.0)


def _halved(cells: torch.Tensor, width: int) -> torch.Tensor:
    """Return (N, C, H, W / 2): each column from the left averaged with the same from the right.

    Args:
        cells: (N, C, H, W).
        width: W as a constant: coremltools 9.0 cannot index by a number that was traced from a shape.
    """
    return torch.stack([0.5 * (cells[..., i] + cells[..., width - 1 - i]) for i in range(width // 2)], dim=-1)


def _without_side(name: str) -> str:
    return name.removeprefix("left-").removeprefix("right-")


def build_reader(schema: Schema, settings: BundleSettings) -> Reader:
    """Return the reader of a schema's options, with fresh weights."""
    sizes = settings.architecture
    ordered = [schema.tags.get("skin-tone") == group.name for group in schema.discrete_groups]
    groups = [len(group.options) for group in schema.discrete_groups]
    channels = stage_channels(sizes.reader_stage, sizes.segmentation_width) if sizes.reader_stage else 0
    return Reader(groups, ordered, len(read_controllers(schema)), sizes.recogniser.length, channels)
