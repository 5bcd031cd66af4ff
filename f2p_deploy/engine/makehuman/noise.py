"""Smooth noise for painted textures."""

import numpy as np


def gaussian_noise(rng: np.random.Generator, shape: tuple[int, ...], across: float, along: float) -> np.ndarray:
    """Return (H, W) Gaussian noise of zero mean and unit variance, blurred by `across` and `along` texels.

    Args:
        rng: the source of randomness.
        shape: (H, W).
        across, along: standard deviations of the blur, horizontally and vertically.
    """
    fy = np.fft.fftfreq(shape[0])[:, None] * along
    fx = np.fft.rfftfreq(shape[1])[None, :] * across
    blur = np.exp(-2 * np.pi**2 * (fx**2 + fy**2))
    smooth = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * blur, s=shape)
    return (smooth - smooth.mean()) / smooth.std()
