"""Limits are positive."""

import pytest

from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.system.errors import InputError


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_positive_and_finite(value: float) -> None:
    with pytest.raises(InputError, match="align_seconds must be positive"):
        ServiceLimits(align_seconds=value)
