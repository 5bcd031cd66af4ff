import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.training.recognition import (  # noqa: E402
    verification_accuracy,
    with_batch_norms,
    without_batch_norms,
)


def test_verification_is_perfect_where_same_and_different_do_not_overlap() -> None:
    assert verification_accuracy(np.linspace(0.6, 0.9, 50), np.linspace(-0.2, 0.5, 50)) == 1.0


def test_verification_is_chance_where_they_are_alike() -> None:
    rng = np.random.default_rng(0)
    assert verification_accuracy(rng.normal(size=2000) / 5, rng.normal(size=2000) / 5) == pytest.approx(0.5, abs=0.05)


def test_folding_the_batch_norms_changes_nothing_and_leaves_a_light_cnn() -> None:
    network = with_batch_norms(LightCNN(0.1))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.normal_(module.weight, 1.0, 0.2)
            torch.nn.init.normal_(module.bias)
    folded, grey = without_batch_norms(network), torch.rand(2, 1, 128, 128)
    assert folded.state_dict().keys() == LightCNN(0.1).state_dict().keys()
    torch.testing.assert_close(folded(grey), network.eval()(grey), rtol=1e-3, atol=1e-3)
