"""The folding of batch norms in a gradient: those that can be folded disappear, without changing results."""

import pytest
import torch
from torch import nn
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from f2p_deploy.export.gradient.gradient_folding import fold_batch_norms

X = torch.randn(2, 4, 6, 6, dtype=torch.float64)


def trained(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.3, 2.0)
            if part.affine:
                part.weight.data.normal_()
                part.bias.data.normal_()
    return module.double().eval().requires_grad_(False)


def traced(module: nn.Module) -> GraphModule:
    return make_fx(module, tracing_mode="fake", _allow_non_fake_inputs=True)(X)


def batch_norms(graph: GraphModule) -> int:
    return sum("batch_norm" in str(node.target) for node in graph.graph.nodes)


class Skip(nn.Module):
    """A convolution that is read twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        return x + self.norm(x)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU()),
        nn.Sequential(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6, affine=False)),
        nn.Sequential(nn.ConvTranspose2d(4, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6)),
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)),
    ],
)
def test_folded(module: nn.Module) -> None:
    graph = traced(trained(module))
    assert batch_norms(graph) > 0
    folded = fold_batch_norms(graph)
    assert batch_norms(folded) == 0
    assert torch.allclose(folded(X), module(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)),
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(4, 4, 1, groups=2), nn.BatchNorm2d(4)),
        Skip(),
    ],
)
def test_left_alone(module: nn.Module) -> None:
    folded = fold_batch_norms(traced(trained(module)))
    assert batch_norms(folded) == 1
    assert torch.equal(folded(X), module(X))
