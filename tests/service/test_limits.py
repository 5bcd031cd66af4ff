"""Limits are positive, also those in the units of the command line."""

import pytest

from f2p_deploy.service.limits import ServiceLimits, limits_of
from f2p_deploy.system.errors import InputError


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_positive_and_finite(value: float) -> None:
    with pytest.raises(InputError, match="align_seconds must be positive"):
        ServiceLimits(align_seconds=value)


def test_limits_in_the_units_of_the_command_line() -> None:
    usual = ServiceLimits()
    assert limits_of() == usual
    found = limits_of(queue=3, upload_mb=0.5, megapixels=2, seconds=4, batch_ms=5)
    assert found == ServiceLimits(
        queue=3, upload_bytes=500_000, photo_pixels=2_000_000, generate_seconds=4, batch_seconds=0.005
    )
    with pytest.raises(InputError, match="queue must be positive"):
        limits_of(queue=0)
