"""The two networks of the face finder: `Detector` looks at a whole photo, `Reader` at one face in a close-up."""

import torch
from torch import Tensor, nn

#: Edges in pixels of the pictures that the networks take.
PHOTO, FACE = 192, 128

#: Pixels of the photo's picture per cell of the detector's grid.
CELL = 8

#: Mean and divisor by which pixels in [0, 255] are scaled.
MEAN, SPREAD = 127.5, 64.0

#: Smallest and largest eye distance in pixels that the detector gives.
NEAREST, FARTHEST = 1.0, 192.0

#: Points that the reader has heat maps of, and number of all points that it learns; the first five are `LANDMARKS`.
MAPPED, POINTS = 15, 79

SHAPE = 24


class Convolution(nn.Sequential):
    """A convolution with batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.second(self.first(features)))


class Trunk(nn.Module):
    """Features at three scales of a picture, and their sum at the finest of the three.

    Args:
        widths: channels after each halving of the picture.
        depths: residual blocks after each halving.
        joined: channels of the sum.
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], joined: int) -> None:
        super().__init__()
        stages, inputs = [], 3
        for i, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            first = Convolution(inputs, width, 5 if i == 0 else 3, 2)
            stages.append(nn.Sequential(first, *(Residual(width) for _ in range(depth))))
            inputs = width
        self.stages = nn.ModuleList(stages)
        self.sides = nn.ModuleList(nn.Conv2d(width, joined, 1) for width in widths[-3:])
        self.joining = Convolution(joined, joined)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Take (N, 3, S, S) scaled pixels; return the joined features and the coarsest ones."""
        scales = []
        for stage in self.stages:
            picture = stage(picture)
            scales.append(picture)
        joined = self.sides[2](scales[-1])
        for side, features in ((self.sides[1], scales[-2]), (self.sides[0], scales[-3])):
            joined = side(features) + nn.functional.interpolate(joined, scale_factor=2.0, mode="nearest")
        return self.joining(joined), scales[-1]


class Detector(nn.Module):
    """Finds faces of any size and roll in a whole photo."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk((16, 24, 40, 56, 56), (0, 0, 1, 1, 1), 40)
        self.head = nn.Conv2d(40, 6, 1)
        nn.init.constant_(self.head.bias[:1], -4.0)

    def forward(self, picture: Tensor) -> Tensor:
        """Take (N, 3, 192, 192) scaled pixels; return (N, 6, 24, 24): logit, x, y, log size, cos, sin."""
        return self.head(self.trunk(picture)[0]).float()


def decode(maps: Tensor) -> Tensor:
    """Turn the detector's (N, 6, G, G) maps into (N, G * G, 6): score, x, y, eye distance in pixels, cos, sin."""
    grid = torch.arange(maps.shape[-1], dtype=torch.float32, device=maps.device) + 0.5
    score = torch.sigmoid(maps[:, 0])
    x = (maps[:, 1] + grid[None, None, :]) * CELL
    y = (maps[:, 2] + grid[None, :, None]) * CELL
    size = torch.exp(maps[:, 3]).clamp(NEAREST / CELL, FARTHEST / CELL) * CELL
    length = torch.sqrt(maps[:, 4] ** 2 + maps[:, 5] ** 2 + 1e-12)
    faces = torch.stack([score, x, y, size, maps[:, 4] / length, maps[:, 5] / length], -1)
    return faces.flatten(1, 2)


class Reader(nn.Module):
    """Reads one face in an upright close-up: its points, whether it is a face, its turn and its shape."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk((24, 40, 72, 96), (0, 1, 2, 2), 48)
        self.maps = nn.Conv2d(48, MAPPED, 1)
        self.narrow = nn.Sequential(Convolution(96, 48, 3, 2), nn.Flatten())
        self.points = nn.Linear(768, 2 * POINTS)
        self.face = nn.Linear(768, 1)
        self.turn = nn.Linear(768, 2)
        self.shape = nn.Linear(768, SHAPE)
        nn.init.normal_(self.points.weight, std=0.01)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """Take (N, 3, 128, 128) scaled pixels.

        Returns:
            `mapped` (N, 15, 2) points from the heat maps and `points` (N, 79, 2) points from the coarse features, both
            in fractions of the picture from its middle; `face` (N,) logit; `turn` (N, 2) yaw and pitch in units of 30
            degrees; `shape` (N, 24).
        """
        fine, coarse = self.trunk(picture)
        heat = self.maps(fine).float().flatten(2).softmax(-1).unflatten(-1, fine.shape[-2:])
        edge = fine.shape[-1]
        grid = (torch.arange(edge, dtype=torch.float32, device=heat.device) + 0.5) / edge - 0.5
        mapped = torch.stack([(heat.sum(2) * grid).sum(-1), (heat.sum(3) * grid).sum(-1)], -1)
        features = self.narrow(coarse).float()
        with torch.autocast("cpu", enabled=False):
            points = self.points(features).unflatten(-1, (POINTS, 2))
            return {
                "mapped": mapped,
                "points": points,
                "face": self.face(features)[:, 0],
                "turn": self.turn(features),
                "shape": self.shape(features),
            }
