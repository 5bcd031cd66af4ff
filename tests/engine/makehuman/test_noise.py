"""Noise has the documented mean and variance, and a wider blur makes it smoother."""

import numpy as np
import pytest

from f2p_deploy.engine.makehuman.noise import gaussian_noise


def test_mean_variance_and_seed() -> None:
    noise = gaussian_noise(np.random.default_rng(1), (64, 128), 3, 3)
    assert noise.shape == (64, 128)
    assert noise.mean() == pytest.approx(0, abs=1e-9) and noise.std() == pytest.approx(1)
    assert np.array_equal(noise, gaussian_noise(np.random.default_rng(1), (64, 128), 3, 3))


def test_blur_has_a_direction() -> None:
    noise = gaussian_noise(np.random.default_rng(1), (128, 128), 1, 12)
    across, along = np.abs(np.diff(noise, axis=1)).mean(), np.abs(np.diff(noise, axis=0)).mean()
    assert across > 4 * along
