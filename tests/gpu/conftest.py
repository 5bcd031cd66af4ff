"""These tests need an NVIDIA card and a PyTorch that can use it."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def card() -> str:
    """Name of the card."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device that PyTorch can use")
    return torch.cuda.get_device_name()
