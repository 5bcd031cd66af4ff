"""These tests need an NVIDIA card and a PyTorch that can use it."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def card() -> str:
    """Name of the card."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device that PyTorch can use")
    return torch.cuda.get_device_name()


@pytest.fixture
def full_float32() -> Iterator[None]:
    """Float32 without TF32, which rounds to ten bits."""
    from f2p_deploy.model.captured_search import full_float32

    with full_float32():
        yield
