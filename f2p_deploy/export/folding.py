"""Batch norms folded into the convolutions before them, in the module: every graph then holds the same weights."""

from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from f2p_deploy.artifact import Arrays
from f2p_deploy.errors import CompilerError
from f2p_deploy.export.graphs import Graph

#: Relative to an output's largest value: measured are 2e-6 for networks of the paper's depth.
FOLDED_TOLERANCE = 1e-4


def folded_and_proven(graph: Graph, inputs: Arrays) -> nn.Module:
    """Return a graph's module with its batch norms folded, having computed a real batch both ways.

    Args:
        graph: whose module it is.
        inputs: one real batch, by tensor name.

    Raises:
        CompilerError: an output differs by more than `FOLDED_TOLERANCE`.
    """
    module = folded(graph.module)
    before, after = graph.compute(inputs), replace(graph, module=module).compute(inputs)
    for name, expected in before.items():
        difference = float(np.abs(after[name] - expected).max()) / max(float(np.abs(expected).max()), 1e-12)
        if not difference <= FOLDED_TOLERANCE:
            raise CompilerError(
                f"folding batch norms changed {name} of {graph.name} by {difference:.3g} of its largest value"
            )
    return module


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
