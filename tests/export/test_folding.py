"""Batch norms of modules: taken in by the layer before them, in the same weights that the gradient step gets."""

import pytest
import torch
from torch import nn

from f2p_deploy.bundle import Bundle
from f2p_deploy.errors import CompilerError
from f2p_deploy.export import Faces
from f2p_deploy.export.folding import folded, folded_and_proven
from f2p_deploy.export.graphs import bundle_graphs


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


def test_folding_is_proven_on_a_batch(
    small_bundle: Bundle, small_faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = next(graph for graph in bundle_graphs(small_bundle) if graph.name == "describe")
    inputs = {"face": small_faces.images[:1]}
    module = folded_and_proven(graph, inputs)
    assert not [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    monkeypatch.setattr("f2p_deploy.export.folding.folded", lambda module: nn.Sequential(Halved(), module))
    with pytest.raises(CompilerError, match="folding batch norms changed identity of describe by"):
        folded_and_proven(graph, inputs)


class Halved(nn.Module):
    """What a wrong folding could do to a picture."""

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        return face / 2
