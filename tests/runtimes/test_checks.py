"""The check of a graph's inputs: wrong arrays are refused with a message that names the tensor."""

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.runtimes.checks import RANGE_TOLERANCE, check_input
from f2p_deploy.system.errors import InputError

SPEC = TensorSpec("face", "float32", (1, 3, 4, 4), "an aligned face", 0.0, 1.0)
FACE = np.full(SPEC.shape, 0.5, np.float32)


def with_value(value: float) -> np.ndarray:
    face = FACE.copy()
    face[0, 1, 2, 3] = value
    return face


@pytest.mark.parametrize(
    ("face", "sentence"),
    [
        (FACE.astype(np.float64), r"'face' must be float32, found float64 \(an aligned face\)"),
        ((FACE * 255).astype(np.uint8), "'face' must be float32, found uint8"),
        (FACE * 255, r"'face' must lie in \[0, 1\], found values from 127.5 to 127.5"),
        (with_value(-0.5), r"'face' must lie in \[0, 1\], found values from -0.5 to 0.5"),
        (with_value(np.nan), "'face' holds NaN"),
        (with_value(np.inf), "'face' holds NaN or infinite"),
        (FACE[0], r"'face' must have the shape \(1, 3, 4, 4\), found \(3, 4, 4\)"),
        (np.concatenate([FACE, FACE]), r"'face' .* found \(2, 3, 4, 4\): the artifact was exported for batches of 1"),
        (FACE.transpose(0, 2, 3, 1), r"'face' must have the shape \(1, 3, 4, 4\), found \(1, 4, 4, 3\)$"),
        (FACE.tolist(), "'face' must be a NumPy array, found list"),
    ],
)
def test_a_wrong_array_is_refused(face: object, sentence: str) -> None:
    with pytest.raises(InputError, match=f"one_shot: the tensor {sentence}"):
        check_input("one_shot", SPEC, face)


def test_rounding_beyond_the_range_is_accepted() -> None:
    assert check_input("one_shot", SPEC, with_value(1.0 + RANGE_TOLERANCE / 2)) is not None
    with pytest.raises(InputError, match="must lie in"):
        check_input("one_shot", SPEC, with_value(1.0 + 2 * RANGE_TOLERANCE))


def test_a_range_may_be_open() -> None:
    rate = TensorSpec("learning_rate", "float32", (1,), "mu", low=0.0)
    assert check_input("step", rate, np.array([1e6], np.float32)) == 1e6
    with pytest.raises(InputError, match=r"must lie in \[0, \.\.\., found values from -1 to -1"):
        check_input("step", rate, np.array([-1.0], np.float32))


def test_a_view_is_returned_contiguous() -> None:
    face = np.random.default_rng(0).random(SPEC.shape, np.float32)
    view = np.ascontiguousarray(face.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    checked = check_input("one_shot", SPEC, view)
    assert not view.flags.c_contiguous and checked.flags.c_contiguous and np.array_equal(checked, face)
