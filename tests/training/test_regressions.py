"""Regressions with known solutions: an exact line, class weights, and the temperature of overfitted logits."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.regressions import (  # noqa: E402
    calibrated_temperature,
    logistic_regression,
    ridge_regression,
)


def test_without_a_penalty_ridge_recovers_a_line_exactly() -> None:
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    y = x @ torch.tensor([1.0, -2.0, 0.5]) + 3.0
    weights, bias = ridge_regression(x, y, torch.zeros(3))
    torch.testing.assert_close(weights, torch.tensor([1.0, -2.0, 0.5]), atol=1e-5, rtol=0)
    torch.testing.assert_close(bias, torch.tensor(3.0), atol=1e-5, rtol=0)


def test_a_rare_class_has_more_weight_than_its_share() -> None:
    torch.manual_seed(0)
    rare = torch.arange(400) < 20
    x = torch.randn(400, 1) + 1.5 * rare[:, None]
    weight, bias = logistic_regression(x, rare.long(), 2, torch.tensor([1e-6]))
    probability = (x @ weight.T + bias).softmax(dim=1)[:, 1].sum()
    assert 20.0 < float(probability) < 60.0  # without weights, the probabilities of a class of 20 sum to 20


def test_temperature_follows_held_out_photos() -> None:
    torch.manual_seed(2)
    x, photos = torch.randn(300, 60), torch.arange(300)
    chance = torch.randint(0, 2, (300,))
    known = (x[:, 0] > 0).long()
    penalty = torch.full((60,), 1e-4)
    assert calibrated_temperature(x, chance, photos, 2, penalty) > 4.0  # memorised, useless on held-out photos
    assert calibrated_temperature(x, known, photos, 2, torch.full((60,), 1e-2)) < 2.0
    twice, both = torch.cat([x, x]), torch.cat([chance, chance])
    photos_twice = torch.cat([photos, photos])  # both rows of a photo belong to one fold
    assert calibrated_temperature(twice, both, photos_twice, 2, penalty) > 4.0
