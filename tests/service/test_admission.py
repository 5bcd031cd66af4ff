"""Admission: how many, when ready, when ending."""

import pytest
from prometheus_client import CollectorRegistry, Gauge

from f2p_deploy.service.admission import Admission
from f2p_deploy.service.refusals import Refusal


def test_places_are_counted_and_given_back() -> None:
    gauge = Gauge("n", "n", registry=CollectorRegistry())
    admission = Admission(2, gauge)
    with pytest.raises(Refusal, match="not loaded yet"):
        admission.require_open()
    admission.ready = True
    with admission.accepted(), pytest.raises(RuntimeError), admission.accepted():
        assert admission.count == 2
        with pytest.raises(Refusal) as refused:
            admission.require_open()
        assert refused.value.code == "busy" and refused.value.retry_after == 1.0
        raise RuntimeError
    assert admission.count == 0 and gauge.collect()[0].samples[0].value == 0
    admission.require_ready()
    admission.ending = True
    admission.require_open()
    with pytest.raises(Refusal, match="about to end"):
        admission.require_ready()


def test_the_time_to_wait_follows_the_requests() -> None:
    admission = Admission(2, Gauge("n", "n", registry=CollectorRegistry()))
    for _ in range(100):
        admission.note(7.0)
    assert admission.retry_after == pytest.approx(7.0, abs=0.1)
