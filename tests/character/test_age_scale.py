"""The scale of ages: years to the slider and back."""

import pytest

from f2p_deploy.character.age_scale import age_to_slider, slider_to_age


@pytest.mark.parametrize("years", [25.0, 31.0, 50.0, 58.5, 72.0])
def test_years_come_back(years: float) -> None:
    assert slider_to_age(age_to_slider(years)) == pytest.approx(years)


def test_beyond_the_scale_are_its_ends() -> None:
    assert [slider_to_age(value) for value in (0.0, 0.01, 1.0)] == [25.0, 25.0, 72.0]
