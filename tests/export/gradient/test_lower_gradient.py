"""The lowering as a whole: several inputs, the closed set of operators, and weights that are stored once."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.onnx_file import operators
from f2p_deploy.export.export_graphs import ExportGraph
from f2p_deploy.export.gradient.lower_gradient import OPERATORS, lower_gradient, require_closed
from f2p_deploy.export.onnx.convert_onnx import to_onnx
from f2p_deploy.system.errors import CompilerError


class Product(nn.Module):
    """sum(a b^2) of each sample."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a * b * b).sum(dim=1)


class Small(nn.Module):
    """A convolution, an unfoldable batch norm, pools, a maximum and a linear layer: (N, 2, 8, 8) to (N,)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.linear = nn.Conv2d(2, 6, 3, 2, 1), nn.BatchNorm2d(3), nn.Linear(12, 300)
        self.norm.running_mean.normal_()
        self.eval().requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = self.conv(x).chunk(2, dim=1)
        x = self.norm(torch.maximum(first, second))
        x = nn.functional.max_pool2d(x, 3, 2, 1) + nn.functional.avg_pool2d(x, 2)
        return (self.linear(x.flatten(1)) - 0.3).abs().mean(dim=1)


def test_the_gradient_of_chosen_inputs() -> None:
    a, b = torch.randn(3, 4), torch.randn(3, 4)
    of_both = lower_gradient(Product(), (a, b), wrt=(1, 0))(a, b)
    for found, expected in zip(of_both, (2 * a * b, b * b, (a * b * b).sum(1)), strict=True):
        assert torch.allclose(found, expected)
    assert len(lower_gradient(Product(), (a, b), wrt=(1,))(a, b)) == 2


def test_a_scaled_gradient() -> None:
    a, b = torch.randn(3, 4), torch.randn(3, 4)
    plain, scaled = (lower_gradient(Product(), (a, b), scale=scale)(a, b) for scale in (1.0, 1024.0))
    assert torch.equal(1024.0 * plain[0], scaled[0]) and torch.equal(plain[1], scaled[1])


def test_samples_of_a_batch_do_not_touch_each_other() -> None:
    x = torch.rand(3, 2, 8, 8)
    small = Small()
    together = lower_gradient(small, (x,))(x)
    alone = lower_gradient(small, (x[:1],))
    for row in range(3):
        for all_rows, one in zip(together, alone(x[row : row + 1]), strict=True):
            assert torch.allclose(all_rows[row], one[0], atol=1e-6)


def test_an_exported_gradient_is_closed_and_holds_its_weights_once() -> None:
    x = TensorSpec("x", "float32", (2, 2, 8, 8), "numbers")
    outputs = (TensorSpec("gradient", "float32", x.shape, ""), TensorSpec("loss", "float32", (2,), ""))
    small = Small()
    value = np.random.default_rng(0).random(x.shape, np.float32)
    lowered = lower_gradient(small, (torch.from_numpy(value),))
    model = to_onnx(ExportGraph("small", lowered, (x,), outputs), {"x": value})
    require_closed(model, "small")
    assert [list(w.dims) for w in model.graph.initializer if np.prod(w.dims) == 12 * 300] == [[300, 12]]
    assert len([w for w in model.graph.initializer if list(w.dims) == [6, 2, 3, 3]]) == 1
    assert "Expand" not in operators(model)  # of the mean's ones


def test_another_operator_is_named() -> None:
    value = helper.make_tensor_value_info
    node = helper.make_node("GatherND", ["x", "i"], ["y"], name="pick")
    graph = helper.make_graph(
        [node],
        "toy",
        [value("x", TensorProto.FLOAT, (2, 3)), value("i", TensorProto.INT64, (1, 1))],
        [value("y", TensorProto.FLOAT, (1, 3))],
    )
    model = helper.make_model(graph)
    assert "GatherND" not in OPERATORS
    with pytest.raises(CompilerError, match=r"step holds the operator GatherND \(pick\)"):
        require_closed(model, "step")
    onnx.checker.check_model(model)


def test_an_operator_of_another_domain_is_named() -> None:
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"], domain="mine")], "toy", [], []))
    with pytest.raises(CompilerError, match="mine"):
        require_closed(model, "step")
