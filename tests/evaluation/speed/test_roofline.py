"""The measured peak rates of this machine, and a result's share of them."""

import pytest

from f2p_deploy.evaluation.speed import roofline
from f2p_deploy.evaluation.speed.rows import Ceiling


def test_ceilings_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "SECONDS", 0.02)
    monkeypatch.setitem(roofline.EDGE, "cpu", 256)
    monkeypatch.setitem(roofline.COPIED, "cpu", 1 << 22)
    whole, half = roofline.measure_ceilings("cpu", ("fp32", "bf16", "int8"))
    assert (whole.precision, half.precision) == ("fp32", "bf16"), "there is no product of int8 to measure"
    assert 1e8 < whole.flop_per_s < 1e14 and 1e8 < whole.byte_per_s < 1e13


def test_the_share_is_of_the_limiting_rate() -> None:
    ceiling = Ceiling("fp32", flop_per_s=1e12, byte_per_s=1e11)
    assert roofline.share_of_ceiling(ceiling, int(1e9), 0, 2.0) == pytest.approx(0.5)
    assert roofline.share_of_ceiling(ceiling, int(1e6), int(1e8), 2.0) == pytest.approx(0.5)
