"""The parts of generation that all modes share: checks of a request, locks, and pictures in and out."""

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.model.result import check_request, finish, to_picture, to_planes
from f2p_deploy.system.errors import InputError

SCHEMA = Schema(
    "two",
    (Controller("eye.tx", "eye"), Controller("nose.ty", "nose")),
    (DiscreteGroup("hair", ("none", "short", "long")),),
)


def test_a_request_that_cannot_be_met() -> None:
    with pytest.raises(InputError, match="mode must be one of one-shot, iterative, hybrid, found 'auto'"):
        check_request("auto", None, SCHEMA)
    other = Schema("other", SCHEMA.controllers)
    with pytest.raises(InputError, match="the parameters are for schema 'two', the bundle for 'other'"):
        check_request("hybrid", average(SCHEMA), other)


def test_the_end_puts_locked_values_back_and_chooses_one_option() -> None:
    keep = average(SCHEMA).with_values({"eye.tx": 0.875}).lock("eye.tx")
    made = finish(SCHEMA, np.array([0.1, 0.25, 0.2, 0.5, 0.3], np.float32), "hybrid", (2.0, 1.0), keep)
    assert made.parameters["eye.tx"] == 0.875 and made.parameters["nose.ty"] == 0.25
    assert made.parameters.choice("hair") == "short" and made.parameters.locked == {"eye.tx"}
    assert made.parameters.values[2:].tolist() == [0.0, 1.0, 0.0]
    np.testing.assert_allclose(made.probabilities, [0.875, 0.25, 0.2, 0.5, 0.3])
    assert (made.mode, made.losses) == ("hybrid", (2.0, 1.0))


def test_pictures_in_and_out() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    planes = to_planes(picture, 4)
    assert planes.shape == (1, 3, 4, 4) and planes.dtype == np.float32 and planes.max() <= 1.0
    assert planes[0, 2, 1, 3] == np.float32(picture[1, 3, 2] / 255)
    assert np.array_equal(to_picture(planes[0]), picture)
    assert to_picture(np.full((3, 1, 1), 1.5, np.float32)).max() == 255


@pytest.mark.parametrize("face", [np.zeros((4, 4, 3), np.float32), np.zeros((3, 4, 4), np.uint8)])
def test_what_is_no_aligned_face(face: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"an aligned face is \(4, 4, 3\) uint8, found "):
        to_planes(face, 4)
