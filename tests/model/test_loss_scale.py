"""The loss scale, from measured gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from f2p_deploy.model.loss_scale import HEADROOM, SMALLEST, SMALLEST_NORMAL, Magnitudes, measure_gradients
from f2p_deploy.system.errors import CompilerError


class Toy(nn.Module):
    """A loss whose only feature map, the state as a picture, has the gradient `factor` everywhere."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
        picture = state[:, :, None, None].exp()
        return picture.flatten(1).sum(dim=1) * self.factor


SAMPLE = {"state": np.zeros((1, 4), np.float32), "identity": np.zeros((1, 1)), "content": np.zeros((1, 1))}


def test_every_gradient_of_a_feature_map_is_counted() -> None:
    found = measure_gradients(Toy(2.0**-30), [SAMPLE, SAMPLE])
    assert found.largest == 2.0**-30
    assert set(found.counts) == {-30} and found.counts[-30] % 8 == 0
    assert found.below(SMALLEST) == 1.0 and found.below(SMALLEST, 2.0**6) == 0.0


def test_the_scale_is_the_largest_power_of_two_with_headroom() -> None:
    found = Magnitudes({-30: 1, -3: 1}, 0.2)
    assert np.log2(found.scale()) % 1 == 0
    assert found.scale() * 0.2 * HEADROOM <= 65504 < 2 * found.scale() * 0.2 * HEADROOM
    assert found.below(SMALLEST_NORMAL, found.scale()) == 0.5


def test_what_is_no_gradient_does_not_count() -> None:
    """The backward pass also computes the sign of a difference, which is a million times as large as the gradient."""

    class Distance(nn.Module):
        def forward(self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
            return (state[:, :, None, None] - 1.0).abs().flatten(1).sum(dim=1) * 1e-6

    assert measure_gradients(Distance(), [SAMPLE]).largest == pytest.approx(1e-6)


def test_without_gradients_nothing_is_scaled() -> None:
    found = measure_gradients(Toy(0.0), [SAMPLE])
    assert (found.largest, found.scale(), found.below(SMALLEST)) == (0.0, 1.0, 0.0)


def test_a_gradient_that_is_no_number() -> None:
    with pytest.raises(CompilerError, match="infinite or not a number in float32"):
        measure_gradients(Toy(float("nan")), [SAMPLE])
