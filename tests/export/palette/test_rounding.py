"""Weights in a few values: errors fall with bits, and inputs that matter are rounded with more care."""

import numpy as np
import pytest

from f2p_deploy.export.palette.coding import CORE_ML_17, CORE_ML_18, ONNX_CODING, Coding
from f2p_deploy.export.palette.input_moments import Moments
from f2p_deploy.export.palette.layer_weights import LayerWeight
from f2p_deploy.export.palette.rounding import round_weight


def weight_of(matrix: np.ndarray) -> LayerWeight:
    return LayerWeight("w", b"w", "Gemm", (0, 1), matrix.shape, len(matrix), matrix)


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(32, 192))


@pytest.fixture
def inputs() -> np.ndarray:
    """Inputs that depend on one another, as those of layers do, with a mean."""
    random = np.random.default_rng(1)
    return random.normal(size=(4000, 24)) @ random.normal(size=(24, 192)) + 0.1 * random.normal(size=(4000, 192)) + 1.0


def test_more_bits_are_nearer_and_larger(matrix: np.ndarray) -> None:
    rounded = [round_weight(weight_of(matrix), bits, None, False) for bits in ONNX_CODING.bits]
    errors, sizes = [one.error for one in rounded], [one.size for one in rounded]
    assert errors == sorted(errors, reverse=True) and errors[1] < 0.02 and errors[-1] < 1e-4
    assert sizes[1] == matrix.size // 2 + 32 * 16 * 2 and sizes[-2] == matrix.size + 32 * 4
    assert sizes[-1] == matrix.size * 3 // 2 + 32 * 4 and errors[-1] < 1e-6
    smaller = [one.download_size / one.size for one in rounded]
    assert smaller[-2] < 1.0 and smaller[-3] < 0.95
    for one in rounded:
        assert one.codes.dtype == (np.uint8 if one.bits <= 8 else np.uint16) and one.codes.max() < 2**one.bits
        measured = ((one.matrix() - matrix) ** 2).sum() / (matrix**2).sum()
        assert measured == pytest.approx(one.error, rel=1e-6) and not one.shift.any()


@pytest.mark.parametrize("bits", [4, 6])
def test_outputs_change_less_than_by_rounding_each_weight(matrix: np.ndarray, inputs: np.ndarray, bits: int) -> None:
    moments = Moments(inputs.mean(axis=0), inputs.T @ inputs / len(inputs), len(inputs))
    outputs = inputs @ matrix.T

    def error(moments: Moments | None, biased: bool) -> float:
        one = round_weight(weight_of(matrix), bits, moments, biased)
        return float(((inputs @ one.matrix().T + one.shift - outputs) ** 2).mean() / outputs.var())

    plain, aware, shifted = error(None, False), error(moments, False), error(moments, True)
    assert aware < 0.5 * plain and shifted < 0.5 * plain


def test_a_row_of_one_value_and_an_input_that_is_always_zero() -> None:
    matrix = np.random.default_rng(0).normal(size=(8, 64))
    matrix[0] = 0.25
    inputs = np.random.default_rng(1).normal(size=(500, 64))
    inputs[:, 3] = 0.0
    moments = Moments(inputs.mean(axis=0), inputs.T @ inputs / len(inputs), len(inputs))
    for bits in ONNX_CODING.bits:
        one = round_weight(weight_of(matrix), bits, moments, True)
        assert np.isfinite(one.matrix()).all() and np.isfinite(one.error)
        assert np.abs(one.matrix()[0] - 0.25).max() < 0.01


@pytest.mark.parametrize("coding", [CORE_ML_17, CORE_ML_18])
def test_core_ml_has_a_palette_for_a_layer_or_for_each_channel(
    matrix: np.ndarray, inputs: np.ndarray, coding: Coding
) -> None:
    moments = Moments(inputs.mean(axis=0), inputs.T @ inputs / len(inputs), len(inputs))
    rounded = [round_weight(weight_of(matrix), bits, moments, False, coding) for bits in coding.bits]
    errors = [one.error for one in rounded[:-2]]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.01
    for one in rounded[:-2]:
        assert one.values is not None and one.values.shape == (1 if coding.whole else 32, 2**one.bits)
        assert one.matrix().shape == matrix.shape and one.codes.max() < 2**one.bits
    steps = np.abs(matrix).max(axis=1, keepdims=True) / 127
    assert np.allclose(rounded[-2].matrix(), np.rint(matrix / steps) * steps), "as coremltools rounds, one by one"
    assert np.array_equal(rounded[-1].matrix(), matrix.astype(np.float16)) and rounded[-1].size == 2 * matrix.size
