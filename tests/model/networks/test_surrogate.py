import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.surrogate import MEMBERS, Surrogate  # noqa: E402


def test_gives_the_mean_of_its_members() -> None:
    network = Surrogate(7, 5, 0.1).eval()
    network.scale.fill_(3.0)
    x = torch.rand(4, 7)
    each = network.each(x)
    assert len(each) == MEMBERS and each[0].shape == (4, 5)
    torch.testing.assert_close(network(x), torch.stack(each).mean(0))
    torch.testing.assert_close(each[0], 3.0 * network.members[0](x - network.middle))
