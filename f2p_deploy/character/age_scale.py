"""The scale of the controllers tagged as age and sex: what a reader's labels mean in years, and for women and men."""

import numpy as np

#: Knots of the piecewise linear map from predicted years to the slider tagged as age; constant beyond them.
AGES, AGE_SLIDER = (25.0, 35.0, 50.0, 65.0, 72.0), (0.02, 0.30, 0.65, 0.93, 0.98)

#: The slider tagged as sex for women and for men.
WOMAN, MAN = 0.08, 0.92


def age_to_slider(years: float) -> float:
    """Return the age slider in [0, 1] for a predicted age in years."""
    return float(np.interp(years, AGES, AGE_SLIDER))


def slider_to_age(slider: float) -> float:
    """Return the age in years, in [25, 72], of a value of the age slider.

    Example:
        >>> slider_to_age(age_to_slider(40.0)), slider_to_age(0.0)
        (40.0, 25.0)
    """
    return float(np.interp(slider, AGE_SLIDER, AGES))
