"""Batch norms folded into the convolutions before them, in the module: every graph then holds the same weights."""

from copy import deepcopy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(module: nn.Module) -> nn.Module:
    """Return a copy of a module whose convolutions have taken in the batch norms that follow them.

    The exporter would do so, too, but round differently than `gradient_folding` does for `step`; both compute in
    float64. Followed is what stands directly behind in the same module: the caller proves that nothing changed.

    Args:
        module: in evaluation mode; shares no weights with the copy.
    """
    copy = deepcopy(module)
    for parent in list(copy.modules()):
        for (name, layer), (norm_name, norm) in pairwise(list(parent.named_children())):
            if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) or not isinstance(norm, nn.BatchNorm2d):
                continue
            if layer.groups != 1 or layer.out_channels != norm.num_features:
                continue
            transposed = isinstance(layer, nn.ConvTranspose2d)
            setattr(parent, name, fuse_conv_bn_eval(layer.double(), norm.double(), transposed).float())
            setattr(parent, norm_name, nn.Identity())
    return copy
