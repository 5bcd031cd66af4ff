"""The driver's contexts: what goes wrong in one is said."""

import pytest

pytest.importorskip("cuda.bindings")

from f2p_deploy.runtimes.tensorrt.cuda import context_on


def test_leaving_a_context_does_not_hide_why() -> None:
    from cuda.bindings import driver

    with pytest.raises(ValueError, match="first"), context_on(0):
        driver.cuCtxPopCurrent()  # so that leaving also fails
        raise ValueError("first")
