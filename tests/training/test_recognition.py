import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.recognition import verification_accuracy  # noqa: E402


def test_verification_is_perfect_where_same_and_different_do_not_overlap() -> None:
    assert verification_accuracy(np.linspace(0.6, 0.9, 50), np.linspace(-0.2, 0.5, 50)) == 1.0


def test_verification_is_chance_where_they_are_alike() -> None:
    rng = np.random.default_rng(0)
    assert verification_accuracy(rng.normal(size=2000) / 5, rng.normal(size=2000) / 5) == pytest.approx(0.5, abs=0.05)
