"""Moments of what layers read: of vectors, windows and pixels."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from f2p_deploy.export.palette.input_moments import input_moments  # noqa: E402
from f2p_deploy.export.palette.layer_weights import layer_weights  # noqa: E402
from tests.export.palette.test_layer_weights import model_of  # noqa: E402


def test_of_vectors() -> None:
    model = model_of("Gemm", (64, 128), transB=1)
    (weight,) = layer_weights(model)
    values = np.random.default_rng(0).normal(size=(40, 128)).astype(np.float32) + 1.0
    found = input_moments(model, {"x": values}, batch=2)[weight.key]
    assert found.count == 40
    assert np.allclose(found.mean, values.mean(axis=0), atol=1e-5)
    assert np.allclose(found.second, values.T @ values / 40, atol=1e-4)
    assert input_moments(model, {"x": values}, 2, {weight.key}) == {}


@pytest.mark.parametrize(
    ("kind", "dims", "columns"), [("Conv", (32, 16, 3, 3), 144), ("ConvTranspose", (64, 16, 4, 4), 64)]
)
def test_of_pictures(kind: str, dims: tuple[int, ...], columns: int) -> None:
    model = model_of(kind, dims)
    (weight,) = layer_weights(model)
    picture = np.full((3, dims[1] if kind == "Conv" else dims[0], 8, 8), 0.5, np.float32)
    found = input_moments(model, {"x": picture})[weight.key]
    places = 36 if kind == "Conv" else 64
    assert found.count == 3 * places and found.mean.shape == (columns,) == weight.matrix.shape[1:]
    assert np.allclose(found.mean, 0.5) and np.allclose(found.second, 0.25)
