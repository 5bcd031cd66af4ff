"""Constant tensors in a gradient: those that only scale disappear, without changing results."""

import torch
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from f2p_deploy.export.gradient.gradient_numbers import restore_numbers

aten = torch.ops.aten
X = torch.randn(2, 3, 4, dtype=torch.float64)


def restored(function) -> GraphModule:  # noqa: ANN001
    graph = restore_numbers(make_fx(function, tracing_mode="fake")(X))
    assert torch.equal(graph(X), function(X))
    return graph


def count(graph: GraphModule, *operators: object) -> int:
    return sum(node.target in operators for node in graph.graph.nodes)


def test_the_way_back_of_a_mean() -> None:
    def of_mean(x: torch.Tensor) -> torch.Tensor:
        spread = (torch.full_like(x[:, 0, 0], 8.0)[:, None].expand(2, 12) / 12).view(2, 3, 4)
        return -spread * x.sign()

    graph = restored(of_mean)
    assert count(graph, aten.full_like.default, aten.expand.default, aten.view.default, aten.div.Tensor) == 0
    assert count(graph, aten.mul.Tensor) == 1


def test_both_orders() -> None:
    for function in (lambda x: torch.full_like(x, 3.0) * x, lambda x: x * torch.full_like(x, 3.0)):
        assert count(restored(function), aten.full_like.default) == 0


def test_a_factor_that_gives_the_shape_stays() -> None:
    graph = restored(lambda x: torch.full((5, 2, 3, 4), 2.0, dtype=x.dtype) * x)
    assert count(graph, aten.full.default) == 1


def test_what_is_not_a_product_stays() -> None:
    graph = restored(lambda x: torch.full_like(x, 2.0) + x * 1.5)
    assert count(graph, aten.full_like.default) == 1
