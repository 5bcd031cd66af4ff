"""Channels scaled by a width: multiples of 8, at least 8."""

import pytest

from f2p_deploy.model.networks.width import scale_channels


@pytest.mark.parametrize(
    ("channels", "width", "expected"), [(64, 1.0, 64), (64, 0.25, 16), (100, 0.5, 48), (64, 0.01, 8), (64, 1.5, 96)]
)
def test_channels_are_a_multiple_of_eight(channels: int, width: float, expected: int) -> None:
    assert scale_channels(channels, width) == expected
