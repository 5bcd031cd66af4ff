"""Batch norms folded into the adjacent layer, with the same weights as in the gradient step."""

import torch
from torch import nn

from f2p_deploy.model.networks.batch_norm_folding import folded
from f2p_deploy.model.networks.translator import Translator


def network() -> nn.Module:
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
    return with_statistics(layers)


def with_statistics(module: nn.Module) -> nn.Module:
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
            layer.weight.data.normal_()
            layer.bias.data.normal_()
    return module.eval()


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


def test_linear_layers_take_in_what_stands_before_and_behind_them() -> None:
    torch.manual_seed(0)
    parts = (
        *(nn.BatchNorm1d(3), nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5), nn.ReLU()),
        *(nn.BatchNorm1d(5), nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)),
    )
    module, x = with_statistics(nn.Sequential(*parts)), torch.randn(6, 3)
    found = folded(module)
    assert torch.allclose(found(x), module(x), atol=1e-5)
    assert not [layer for layer in found if isinstance(layer, nn.BatchNorm1d)]
    assert len([layer for layer in module if isinstance(layer, nn.BatchNorm1d)]) == 4, "the module stays as it was"
    assert module[1].bias is None and module[1].weight.dtype == torch.float32


def test_a_translator_keeps_no_batch_norm() -> None:
    torch.manual_seed(0)
    module, x = with_statistics(Translator(7, (3, 2), width=0.125)), torch.randn(4, 256)
    found = folded(module)
    assert torch.allclose(found(x), module(x), atol=1e-5)
    assert not [layer for layer in found.modules() if isinstance(layer, nn.BatchNorm1d)]
    ours = {weight.data_ptr() for weight in module.parameters()}
    assert not [weight for weight in found.parameters() if weight.data_ptr() in ours], "training would reach them"


def test_norms_of_other_sizes_stay() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(2), nn.Linear(3, 4)).eval()
    assert isinstance(folded(module)[1], nn.BatchNorm1d)


def test_norms_before_linear_layers_stay_where_their_columns_must_not_be_scaled() -> None:
    module = with_statistics(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 5), nn.BatchNorm1d(5))).eval()
    found, x = folded(module, norms_before=False), torch.randn(6, 3)
    assert [type(layer).__name__ for layer in found] == ["BatchNorm1d", "Linear", "Identity"]
    assert torch.allclose(found(x), module(x), atol=1e-5)
