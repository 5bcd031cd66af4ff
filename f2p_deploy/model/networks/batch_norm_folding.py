"""Batch norms folded into adjacent layers of the module, so that every graph has the same weights."""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def folded(module: nn.Module, norms_before: bool = True) -> nn.Module:
    """Return a copy of a module with batch norms folded into convolutions and linear layers.

    A batch norm is folded into the convolution or linear layer directly before it, or into the linear layer directly
    after it, in the same module; the caller checks that outputs are unchanged. The exporter would also fold them, but
    with other rounding than `gradient_folding` in `step`; both functions here and there compute in float64.

    Args:
        module: in evaluation mode; shares no weights with the copy.
        norms_before: fold a batch norm into the linear layer after it. This scales the columns of the weights, which
            costs accuracy if they are quantised to 8 bits with one scale per row.
    """
    copy = deepcopy(module)
    for parent in list(copy.modules()):
        for first, second in pairwise([name for name, _ in parent.named_children()]):
            pair = getattr(parent, first), getattr(parent, second)
            fused = _with_norm_behind(*pair) or (_with_norm_before(*pair) if norms_before else None)
            if fused is not None:
                setattr(parent, first, fused[0])
                setattr(parent, second, fused[1])
    return copy


def _with_norm_behind(layer: nn.Module, norm: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return the replacements of a layer and the batch norm after it; None if the two are something else."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
        if layer.groups != 1 or layer.out_channels != norm.num_features:
            return None
        transposed = isinstance(layer, nn.ConvTranspose2d)
        return fuse_conv_bn_eval(layer.double(), norm.double(), transposed).float(), nn.Identity()
    if isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d) and layer.out_features == norm.num_features:
        return fuse_linear_bn_eval(layer.double(), norm.double()).float(), nn.Identity()
    return None


def _with_norm_before(norm: nn.Module, layer: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """Return the replacements of a batch norm and the linear layer after it; None if the two are something else.

    With s = gamma / sqrt(variance + eps) the layer becomes W diag(s) x + b + W (beta - s mean).
    """
    if not isinstance(norm, nn.BatchNorm1d) or not isinstance(layer, nn.Linear):
        return None
    if norm.num_features != layer.in_features:
        return None
    statistics, weight = norm.double().state_dict(), layer.weight.detach().double()
    scale = statistics["weight"] * (statistics["running_var"] + norm.eps).rsqrt()
    shift = weight @ (statistics["bias"] - statistics["running_mean"] * scale)
    fused = nn.Linear(layer.in_features, layer.out_features).eval()
    with torch.no_grad():
        fused.weight.copy_(weight * scale)
        fused.bias.copy_(shift if layer.bias is None else layer.bias + shift)
    return nn.Identity(), fused
