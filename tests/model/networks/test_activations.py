"""The written-out SiLU against PyTorch's."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.activations import SiLU, silu  # noqa: E402


def test_it_is_pytorch_s_silu() -> None:
    x = torch.linspace(-8.0, 8.0, 101)
    torch.testing.assert_close(silu(x), torch.nn.functional.silu(x))
    torch.testing.assert_close(SiLU()(x), silu(x))
