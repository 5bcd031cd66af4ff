"""Batch norms folded into the layers beside them, in the module: every graph then holds the same weights."""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def folded(module: nn.Module) -> nn.Module:
    """Return a copy of a module whose convolutions and linear layers have taken in the batch norms beside them.

    Convolutions take in what follows them; linear layers that, and what stands before them. The exporter would do so,
    too, but round differently than `gradient_folding` does for `step`; both compute in float64. Beside means directly
    behind or before in the same module: the caller proves that nothing changed.

    Args:
        module: in evaluation mode; shares no weights with the copy.
    """
    copy = deepcopy(module)
    for parent in list(copy.modules()):
        for first, second in pairwise([name for name, _ in parent.named_children()]):
            made = _folded_pair(getattr(parent, first), getattr(parent, second))
            if made is not None:
                setattr(parent, first, made[0])
                setattr(parent, second, made[1])
    return copy


def _folded_pair(first: nn.Module, second: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return what takes the place of two modules, one directly behind the other, if one of them can be folded."""
    if isinstance(first, nn.Conv2d | nn.ConvTranspose2d) and isinstance(second, nn.BatchNorm2d):
        if first.groups != 1 or first.out_channels != second.num_features:
            return None
        transposed = isinstance(first, nn.ConvTranspose2d)
        return fuse_conv_bn_eval(first.double(), second.double(), transposed).float(), nn.Identity()
    if isinstance(first, nn.Linear) and isinstance(second, nn.BatchNorm1d):
        if first.out_features != second.num_features:
            return None
        return fuse_linear_bn_eval(first.double(), second.double()).float(), nn.Identity()
    if isinstance(first, nn.BatchNorm1d) and isinstance(second, nn.Linear):
        if first.num_features != second.in_features:
            return None
        return nn.Identity(), _with_norm_before(first.double().state_dict(), first.eps, second.double()).float()
    return None


def _with_norm_before(norm: dict[str, torch.Tensor], eps: float, layer: nn.Linear) -> nn.Linear:
    """Return a linear layer that first does to its input what a batch norm did: W diag(s) x + b + W (beta - s mean)."""
    fused = nn.Linear(layer.in_features, layer.out_features, dtype=layer.weight.dtype).eval()
    with torch.no_grad():
        scale = norm["weight"] * (norm["running_var"] + eps).rsqrt()
        shift = layer.weight @ (norm["bias"] - norm["running_mean"] * scale)
        fused.weight.copy_(layer.weight * scale)
        fused.bias.copy_(shift if layer.bias is None else layer.bias + shift)
    return fused
