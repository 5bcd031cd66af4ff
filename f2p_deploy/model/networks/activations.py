"""Activations written out from basic operators, so that their gradients can be exported."""

import torch
from torch import nn


def silu(x: torch.Tensor) -> torch.Tensor:
    """Return x sigmoid(x), which is smooth: a gradient search through ReLUs meets kinks."""
    return x * torch.sigmoid(x)


class SiLU(nn.Module):
    """`silu` as a module."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return silu(x)
