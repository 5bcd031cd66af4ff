"""Batch norms folded into the layers beside them, in the module: every graph then holds the same weights."""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def folded(module: nn.Module, norms_before: bool = True) -> nn.Module:
    """Return a copy of a module whose convolutions and linear layers have taken in the batch norms beside them.

    Convolutions take in what follows them; linear layers that, and what stands before them. The exporter would do so,
    too, but round differently than `gradient_folding` does for `step`; both compute in float64. Beside means directly
    behind or before in the same module: the caller proves that nothing changed.

    Args:
        module: in evaluation mode; shares no weights with the copy.
        norms_before: whether linear layers take in what stands before them. It scales the columns of their weights,
            which costs digits where weights in 8 bits have a scale for each row.
    """
    copy = deepcopy(module)
    for parent in list(copy.modules()):
        for first, second in pairwise([name for name, _ in parent.named_children()]):
            pair = getattr(parent, first), getattr(parent, second)
            made = _with_norm_behind(*pair) or (_with_norm_before(*pair) if norms_before else None)
            if made is not None:
                setattr(parent, first, made[0])
                setattr(parent, second, made[1])
    return copy


def _with_norm_behind(layer: nn.Module, norm: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return what takes the place of a layer and the batch norm behind it; None if that is not what the two are."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
        if layer.groups != 1 or layer.out_channels != norm.num_features:
            return None
        transposed = isinstance(layer, nn.ConvTranspose2d)
        return fuse_conv_bn_eval(layer.double(), norm.double(), transposed).float(), nn.Identity()
    if isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d) and layer.out_features == norm.num_features:
        return fuse_linear_bn_eval(layer.double(), norm.double()).float(), nn.Identity()
    return None


def _with_norm_before(norm: nn.Module, layer: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return what takes the place of a batch norm and the linear layer behind it; None if that is not what they are.

    With s = gamma / sqrt(variance + eps) that is W diag(s) x + b + W (beta - s mean).
    """
    if not isinstance(norm, nn.BatchNorm1d) or not isinstance(layer, nn.Linear):
        return None
    if norm.num_features != layer.in_features:
        return None
    of_norm, weight = norm.double().state_dict(), layer.weight.detach().double()
    scale = of_norm["weight"] * (of_norm["running_var"] + norm.eps).rsqrt()
    shift = weight @ (of_norm["bias"] - of_norm["running_mean"] * scale)
    fused = nn.Linear(layer.in_features, layer.out_features).eval()
    with torch.no_grad():
        fused.weight.copy_(weight * scale)
        fused.bias.copy_(shift if layer.bias is None else layer.bias + shift)
    return nn.Identity(), fused
