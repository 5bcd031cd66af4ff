"""The cards that the driver reports."""

import sys

import pytest

from f2p_deploy.system import cuda_devices as module
from f2p_deploy.system.cuda_devices import cuda_devices


def test_no_driver_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRIVER", "libno-such-driver.so.1")
    assert cuda_devices() == ()


def test_the_cards_are_those_that_pytorch_finds() -> None:
    torch = pytest.importorskip("torch")
    if sys.platform == "darwin" or not torch.cuda.is_available():
        pytest.skip("no card that PyTorch can use")
    found = [(card.name, card.compute_capability) for card in cuda_devices()]
    count = range(torch.cuda.device_count())
    assert found == [
        (torch.cuda.get_device_name(i), "{}.{}".format(*torch.cuda.get_device_capability(i))) for i in count
    ]
