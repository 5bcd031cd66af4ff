"""Sex and age of characters against their photos."""

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.likeness.age_sex_figures import compare_age_sex  # noqa: E402
from f2p_deploy.training.data.age_sex import UNKNOWN, AgeSex  # noqa: E402


def test_known_people_give_known_figures() -> None:
    ages = np.linspace(30, 70, 20)
    photos = [AgeSex(0.1 if i < 8 else 0.9, age) for i, age in enumerate(ages)]
    characters = [AgeSex(0.1 if i < 6 else 0.9, 20 + (age - 30) / 2) for i, age in enumerate(ages)]
    found = compare_age_sex([*photos, photos[0]], [*characters, UNKNOWN], 0)
    assert found is not None and (found.people, found.women, found.men) == (20, 8, 12)
    assert found.women_right is not None and found.men_right is not None
    assert found.women_right.value == pytest.approx(0.75) and found.women_right.low < 0.75 < found.women_right.high
    assert found.men_right.value == found.men_right.high == 1.0
    assert found.men_right.low == pytest.approx(0.7575, abs=1e-4)  # Wilson: of 12
    assert found.age_correlation.value == pytest.approx(1.0) and found.age_spread.value == pytest.approx(0.5)
    assert (found.photo_age, found.character_age, found.older) == pytest.approx((50.0, 30.0, -20.0))


def test_people_of_one_sex_and_one_age() -> None:
    found = compare_age_sex([AgeSex(0.9, 40.0 + i) for i in range(5)], [AgeSex(0.9, 40.0)] * 5, 0)
    assert found is not None and found.women_right is None and found.age_correlation.value == 0.0
    assert compare_age_sex([AgeSex(0.9, 40.0)] * 2, [AgeSex(0.9, 40.0)] * 2, 0) is None
