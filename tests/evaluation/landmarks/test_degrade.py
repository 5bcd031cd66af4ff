"""Degraded photos: each kind gets stronger by steps, whatever the size of the photo."""

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS, KINDS, Condition, degrade

#: Pixels between the astronaut's outer eye corners, about.
EYES = 75.0


def of_kind(kind: str) -> list[Condition]:
    return [condition for condition in CONDITIONS if condition.kind == kind]


def test_every_kind_has_several_strengths_and_labels_are_their_own() -> None:
    assert all(len(of_kind(kind)) >= 3 for kind in KINDS)
    assert len({condition.label for condition in CONDITIONS}) == len(CONDITIONS)


def test_blur_takes_detail_away_by_face_size(astronaut: np.ndarray) -> None:
    def detail(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image.astype(float), axis=1)).mean())

    blurred = [degrade(astronaut, EYES, condition, 0) for condition in of_kind("blur")]
    details = [detail(image) for image in (astronaut, *blurred) if image is not None]
    assert details == sorted(details, reverse=True) and details[-1] < 0.5 * details[0]
    condition = of_kind("blur")[-1]
    large = np.asarray(Image.fromarray(astronaut).resize((1024, 1024), Image.Resampling.BICUBIC))
    again = degrade(large, 2 * EYES, condition, 0)
    assert again is not None and blurred[-1] is not None
    shrunk = np.asarray(Image.fromarray(again).resize((512, 512), Image.Resampling.BOX))
    assert np.abs(shrunk.astype(int) - blurred[-1]).mean() < 1.5


def test_low_light_is_darker_and_noisier(astronaut: np.ndarray) -> None:
    grey = np.full((64, 64, 3), 160, np.uint8)
    means, noises = [], []
    for condition in of_kind("low-light"):
        dark = degrade(grey, EYES, condition, 0)
        assert dark is not None
        light = (dark / 255.0) ** 2.2
        means.append(light.mean())
        noises.append(light.std() / light.mean())
        assert means[-1] == pytest.approx((160 / 255) ** 2.2 * 2.0**-condition.strength, rel=0.05)
    assert noises == sorted(noises) and noises[-1] > 3 * noises[0] > 0


def test_noise_is_seeded(astronaut: np.ndarray) -> None:
    condition = of_kind("low-light")[0]
    one, same, other = (degrade(astronaut, EYES, condition, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)  # type: ignore[arg-type]


def test_a_small_face_is_as_small_as_asked(astronaut: np.ndarray) -> None:
    for condition in of_kind("small-face"):
        small = degrade(astronaut, EYES, condition, 0)
        assert small is not None and small.shape[2] == 3
        assert small.shape[0] == pytest.approx(512 * condition.strength / EYES, abs=1)


def test_a_face_that_is_small_already_is_left_out(astronaut: np.ndarray) -> None:
    assert degrade(astronaut, 40.0, Condition("small-face", 40.0, "small"), 0) is None
