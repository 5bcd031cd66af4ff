import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from f2p_deploy.model.networks.imitator import Imitator  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_layers_are_those_of_table_2() -> None:
    layers = [m for m in Imitator(310).layers if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in layers] == [512, 512, 512, 256, 128, 64, 64, 3]
    assert all(m.kernel_size == (4, 4) for m in layers)
    assert [m.stride[0] for m in layers] == [1, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(("size", "layers"), [(64, 5), (128, 6), (256, 7), (512, 8)])
def test_draws_pictures_of_its_size_between_0_and_1(size: int, layers: int) -> None:
    imitator = Imitator(7, size, width=0.05).eval()
    assert sum(isinstance(m, nn.ConvTranspose2d) for m in imitator.layers) == layers
    picture = imitator(torch.rand(2, 7)).detach()
    assert picture.shape == (2, 3, size, size)
    assert float(picture.min()) >= 0.0 and float(picture.max()) <= 1.0


def test_refuses_sizes_it_cannot_draw() -> None:
    with pytest.raises(InputError, match="300"):
        Imitator(7, 300)
