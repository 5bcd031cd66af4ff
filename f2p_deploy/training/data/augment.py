"""Data augmentation: crop, light, colour, blur, noise and occlusion.

All functions take batches (B, 3, S, S) float32 in [0, 1] and a random generator, so that results are reproducible.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class Variation:
    """The strength of augmentation; every number is the largest change, and changes are sampled uniformly up to it.

    Args:
        rotation: in degrees.
        scale: factor exp(+-scale).
        shift: fraction of the edge.
        light: gain and gamma exp(+-light); each channel varies by another fifth of it.
        gradient: strength of a brightness gradient across the picture.
        blur: standard deviation in pixels of a 256² picture.
        noise: standard deviation.
        shrink: smallest factor by which the resolution is reduced, in (0, 1].
        occlusion: probability of a uniform patch over part of the picture.
        grey: probability of losing all colour.
        mirror: probability of exchanging left and right.
    """

    rotation: float = 8.0
    scale: float = 0.08
    shift: float = 0.04
    light: float = 0.4
    gradient: float = 0.5
    blur: float = 2.0
    noise: float = 0.04
    shrink: float = 0.35
    occlusion: float = 0.2
    grey: float = 0.15
    mirror: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.shrink <= 1.0:
            raise InputError(f"shrink must lie in (0, 1], found {self.shrink}")


def affine_grids(count: int, size: int, variation: Variation, rng: np.random.Generator) -> torch.Tensor:
    """Return (count, size, size, 2) sampling grids of random crops, for `sample_at`."""
    angle = np.radians(rng.uniform(-variation.rotation, variation.rotation, count))
    scale = np.exp(rng.uniform(-variation.scale, variation.scale, count))
    shift = rng.uniform(-2 * variation.shift, 2 * variation.shift, (count, 2))
    mirror = np.where(rng.random(count) < variation.mirror, -1.0, 1.0)
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    matrix = np.stack(
        [np.stack([mirror * cosine, -sine, shift[:, 0]], 1), np.stack([mirror * sine, cosine, shift[:, 1]], 1)], axis=1
    )
    return F.affine_grid(torch.from_numpy(matrix.astype(np.float32)), [count, 1, size, size], align_corners=False)


def sample_at(pictures: torch.Tensor, grids: torch.Tensor) -> torch.Tensor:
    """Return pictures sampled at grids; beyond the picture its border pixels are repeated."""
    return F.grid_sample(pictures, grids, padding_mode="border", align_corners=False)


def warp_labels(labels: torch.Tensor, grids: torch.Tensor, ignored: int) -> torch.Tensor:
    """Return (B, S, S) label maps sampled at grids; pixels from beyond the map get the label `ignored`."""
    shifted = (labels[:, None] + 1).float()
    sampled = F.grid_sample(shifted, grids, mode="nearest", padding_mode="zeros", align_corners=False)[:, 0].long()
    return torch.where(sampled == 0, torch.full_like(sampled, ignored), sampled - 1)


def vary_light(pictures: torch.Tensor, variation: Variation, rng: np.random.Generator) -> torch.Tensor:
    """Return pictures with varied light, colour, blur, resolution, noise and occlusion."""
    count, _, size, _ = pictures.shape
    gamma = _column(np.exp(rng.uniform(-variation.light, variation.light, count)))
    gain = np.exp(rng.uniform(-variation.light, variation.light, (count, 1)) * 0.6)
    tint = np.exp(rng.uniform(-variation.light, variation.light, (count, 3)) / 5.0)
    x = pictures.clamp(1e-4, 1).pow(gamma) * torch.from_numpy((gain * tint).astype(np.float32))[:, :, None, None]
    x = x * _gradients(count, size, variation.gradient, rng)
    luma = x.mean(dim=1, keepdim=True)
    saturation = _column(np.where(rng.random(count) < variation.grey, 0.0, rng.uniform(0.6, 1.3, count)))
    x = luma + (x - luma) * saturation
    x = _occlude(x, variation.occlusion, rng)
    x = _blur(x, variation.blur * size / 256.0 * rng.random(), rng.uniform(variation.shrink, 1.0))
    noise = torch.randn(x.shape) * float(rng.uniform(0, variation.noise))
    return (x + noise).clamp(0, 1)


def _column(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))[:, None, None, None]


def _gradients(count: int, size: int, strength: float, rng: np.random.Generator) -> torch.Tensor:
    angle, amount = rng.uniform(0, 2 * math.pi, count), rng.uniform(0, strength, count)
    line = torch.linspace(-1, 1, size)
    across = _column(amount * np.cos(angle)) * line[None, None, None, :]
    along = _column(amount * np.sin(angle)) * line[None, None, :, None]
    return 1.0 + across + along


def _occlude(x: torch.Tensor, probability: float, rng: np.random.Generator) -> torch.Tensor:
    size = x.shape[-1]
    for i in np.flatnonzero(rng.random(len(x)) < probability):
        height, width = (rng.uniform(0.1, 0.35, 2) * size).astype(int)
        top, left = (rng.uniform(0, 1, 2) * (size - np.array([height, width]))).astype(int)
        x[i, :, top : top + height, left : left + width] = torch.from_numpy(rng.random((3, 1, 1)).astype(np.float32))
    return x


def _blur(x: torch.Tensor, deviation: float, share: float) -> torch.Tensor:
    """Return a batch blurred by a Gaussian and reduced to a share of its resolution."""
    size = x.shape[-1]
    if deviation > 0.3:
        radius = max(1, round(2 * deviation))
        line = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / deviation) ** 2)
        line = (line / line.sum()).repeat(3, 1)
        x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="replicate"), line[:, None, None, :], groups=3)
        x = F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), line[:, None, :, None], groups=3)
    if share < 0.95:
        small = F.interpolate(x, scale_factor=share, mode="bilinear", antialias=True)
        x = F.interpolate(small, size=(size, size), mode="bilinear")
    return x
