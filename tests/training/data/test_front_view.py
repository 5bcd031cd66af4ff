"""High-quality front views: turned, tilted, blurred and small faces are left out, unknown values are not."""

import numpy as np
import pytest

from f2p_deploy.training.data.front_view import FrontView


@pytest.mark.parametrize(
    ("name", "worse"), [("yaw", -16.0), ("yaw", 15.5), ("pitch", 21.0), ("sharpness", 39.0), ("eye_distance", 39.0)]
)
def test_each_limit_leaves_out_a_face(name: str, worse: float) -> None:
    good = {"yaw": 3.0, "pitch": -8.0, "sharpness": 90.0, "eye_distance": 80.0}
    values = {key: np.array([value, worse if key == name else value], np.float32) for key, value in good.items()}
    assert FrontView().suits(**values).tolist() == [True, False]
    unlimited = FrontView(yaw=90.0, pitch=90.0, sharpness=0.0, eye_distance=0.0)
    assert unlimited.suits(**values).all()


def test_what_is_unknown_is_within_the_limits() -> None:
    unknown = np.array([np.nan])
    assert FrontView().suits(np.zeros(1)).all()
    assert FrontView().suits(np.zeros(1), unknown, unknown, unknown).all()


def test_the_limits_are_said_in_words() -> None:
    assert FrontView(sharpness=12.5).described == (
        "yaw to 15 and pitch to 20 degrees, sharpness from 12.5, 40 pixels from eye to eye"
    )
