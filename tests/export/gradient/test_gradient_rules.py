"""Each rule against PyTorch's autograd in float64, on random and on degenerate inputs."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from f2p_deploy.export.gradient.lower_gradient import lower_gradient
from f2p_deploy.system.errors import CompilerError

Function = Callable[[torch.Tensor], torch.Tensor]
SHAPE = (2, 4, 8, 12)

torch.manual_seed(0)
WEIGHT = torch.randn(6, 4, 3, 3, dtype=torch.float64)
GROUPED = torch.randn(6, 2, 3, 3, dtype=torch.float64)
DOWN = torch.randn(6, 4, 1, 1, dtype=torch.float64)
STEM = torch.randn(6, 4, 7, 7, dtype=torch.float64)
TRANSPOSED = torch.randn(4, 5, 4, 4, dtype=torch.float64)
OTHER = torch.randn(SHAPE, dtype=torch.float64)

OPERATORS: dict[str, Function] = {
    "conv 3x3": lambda x: F.conv2d(x, WEIGHT, padding=1),
    "conv 3x3 stride 2": lambda x: F.conv2d(x, WEIGHT, stride=2, padding=1),
    "conv 1x1 stride 2": lambda x: F.conv2d(x, DOWN, stride=2),
    "conv 7x7 stride 2": lambda x: F.conv2d(x, STEM, stride=2, padding=3),
    "conv 3x3 stride 3, one side": lambda x: F.conv2d(x, WEIGHT, stride=(3, 1), padding=(0, 1)),
    "conv dilated": lambda x: F.conv2d(x, WEIGHT, padding=2, dilation=2),
    "conv grouped": lambda x: F.conv2d(x, GROUPED, groups=2),
    "transposed conv": lambda x: F.conv_transpose2d(x, TRANSPOSED),
    "transposed conv stride 2": lambda x: F.conv_transpose2d(x, TRANSPOSED, stride=2, padding=1),
    "transposed conv, output padding": lambda x: F.conv_transpose2d(x, TRANSPOSED, stride=3, output_padding=2),
    "max pool": lambda x: F.max_pool2d(x, 2),
    "max pool, windows overlap": lambda x: F.max_pool2d(x, 3, 2, 1),
    "max pool, stride 1": lambda x: F.max_pool2d(x, 3, 1, 1),
    "max pool, rest left over": lambda x: F.max_pool2d(x, (3, 5), (3, 5)),
    "max pool, gaps": lambda x: F.max_pool2d(x, 2, 3),
    "max pool, one side": lambda x: F.max_pool2d(x, (1, 3), (1, 2), (0, 1)),
    "average pool": lambda x: F.avg_pool2d(x, 4),
    "average pool, rest left over": lambda x: F.avg_pool2d(x, 5),
    "average pool, windows overlap": lambda x: F.avg_pool2d(x, 3, 2),
    "both pools": lambda x: F.max_pool2d(x, 2) + F.avg_pool2d(x, 2),
    "nearest": lambda x: F.interpolate(x, size=(16, 36), mode="nearest"),
    "relu": torch.relu,
    "relu in place": lambda x: F.relu(x * 1.0, inplace=True),
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: (10.0 * x).softmax(dim=1),
    "softmax of groups": lambda x: torch.cat([part.softmax(dim=1) for part in x.split([1, 3], dim=1)], dim=1),
    "max-feature-map": lambda x: torch.maximum(*x.chunk(2, dim=1)),
    "abs": lambda x: (x - OTHER.round()).abs(),
    "clamp": lambda x: x.clamp(0.0, 1.0),
    "clip below": lambda x: x.clamp_min(0.0),
    "cosine": lambda x: F.cosine_similarity(x[:, :, :5], x[:, :, 2:7], dim=2),
    "slice": lambda x: x[:, 1:3, 2:, :-1] * x[:, -3:-1, :-2, 1:],
    "part unused": lambda x: x.split([1, 2, 1], dim=1)[1],
    "half of a reshape": lambda x: x.flatten(1)[:, :100].square(),
    "mean and sum": lambda x: x.mean(dim=(2, 3)) * x.sum(dim=1).sum(dim=(1, 2))[:, None],
    "broadcast": lambda x: (x - x.mean(dim=1, keepdim=True)) / (1.0 + x.square().sum(dim=(2, 3), keepdim=True)),
    "squeeze": lambda x: x[:, :, 0][:, :, None].squeeze(2) ** 2,
    "sqrt": lambda x: (1.0 + x * x).sqrt(),
    "power": lambda x: (0.1 + x * x) ** -1.5,
    "division": lambda x: OTHER / (2.0 + x.abs()),
    "transposed product": lambda x: x.flatten(2).transpose(1, 2) @ x.flatten(2),
}

_levels = torch.randint(-1, 2, SHAPE).double()
INPUTS = {
    "random": torch.randn(SHAPE, dtype=torch.float64),
    "ties": _levels,
    "zeros": torch.zeros(SHAPE, dtype=torch.float64),
    "ones": torch.ones(SHAPE, dtype=torch.float64),
    "negative constant": torch.full(SHAPE, -2.5, dtype=torch.float64),
    "the other": OTHER.round(),
}


class Loss(nn.Module):
    """A function's outputs, weighted separately and summed for each sample."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.function(x).flatten(1)
        weights = torch.linspace(-1.0, 1.7, y.shape[1], dtype=x.dtype)
        return (y * weights).sum(dim=1)


def autograd(loss: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = x.clone().requires_grad_(True)
    value = loss(leaf)
    return torch.autograd.grad(value.sum(), leaf)[0], value.detach()


@pytest.mark.parametrize("name", OPERATORS)
def test_value_and_gradient_are_autograds(name: str) -> None:
    loss = Loss(OPERATORS[name])
    lowered = lower_gradient(loss, (INPUTS["random"],))
    for kind, x in INPUTS.items():
        for found, expected in zip(lowered(x), autograd(loss, x), strict=True):
            assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12), kind
    assert not torch.isnan(autograd(loss, INPUTS["zeros"])[0]).any()


def test_the_first_of_equal_maxima_takes_all() -> None:
    lowered = lower_gradient(Loss(lambda x: F.max_pool2d(x, 3, 2, 1)), (torch.zeros(1, 1, 5, 5),))
    gradient = lowered(torch.ones(1, 1, 5, 5))[0][0, 0]
    # The windows begin at -1, 1 and 3 and overlap; with padding that never wins, the first places are 0, 1 and 3.
    assert gradient.nonzero().tolist() == [[i, j] for i in (0, 1, 3) for j in (0, 1, 3)]


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), "max_pool2d is not lowered for ceil_mode and dilation"),
        (lambda x: F.max_pool2d(x, 2, dilation=2), "max_pool2d is not lowered for ceil_mode and dilation"),
        (lambda x: F.avg_pool2d(x, 3, 2, 1), "avg_pool2d is not lowered for padding"),
        (lambda x: x[:, :, ::2], "slice is not lowered for a step"),
        (lambda x: F.interpolate(x, size=(12, 12), mode="nearest"), "a factor that is not whole"),
        (lambda x: torch.linalg.vector_norm(x, ord=3, dim=1), "orders other than 2"),
        (lambda x: F.adaptive_avg_pool2d(x, 3), "no rule of gradient_rules lowers aten._adaptive_avg_pool2d_backward"),
    ],
)
def test_what_no_rule_is_exact_for_is_refused(function: Function, sentence: str) -> None:
    with pytest.raises(CompilerError, match=sentence):
        lower_gradient(Loss(function), (INPUTS["random"],))
