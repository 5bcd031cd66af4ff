"""Batch norms of modules: taken in by the layer before them, in the same weights that the gradient step gets."""

import torch
from torch import nn

from f2p_deploy.folding import folded


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 3, 4, 2, 1),
        nn.BatchNorm2d(3),
        nn.Conv2d(3, 6, 1, groups=3),
        nn.BatchNorm2d(6),
    )
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
            layer.weight.data.normal_()
    return layers.eval()


def test_the_same_is_computed_without_batch_norms() -> None:
    module, x = network(), torch.rand(2, 2, 8, 8)
    found = folded(module)
    assert torch.allclose(found(x), module(x), atol=1e-5)
    assert [type(layer).__name__ for layer in found].count("BatchNorm2d") == 1, "grouped convolutions keep theirs"
    assert [type(layer).__name__ for layer in module].count("BatchNorm2d") == 3, "the module itself stays as it was"


def test_the_weights_are_those_of_the_formula_in_float64() -> None:
    module = network()
    layer, norm = module[0], module[1]
    scale = norm.weight.double() * (norm.running_var.double() + norm.eps).rsqrt()
    expected = (layer.weight.double() * scale[:, None, None, None]).float()
    assert torch.equal(folded(module)[0].weight, expected)
