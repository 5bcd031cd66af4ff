"""The wrinkles of an old face are in the right places, and symmetric."""

import numpy as np
import pytest

from f2p_deploy.engine.makehuman.wrinkles import wrinkle_heights


def folds(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    columns, rows = np.meshgrid(x, y)
    return wrinkle_heights(columns, rows, np.full(columns.shape, 1.4))[1]


@pytest.mark.parametrize(
    ("place", "flat"),
    [
        ((0.29, 6.77), (0.15, 6.60)),  # beside the mouth
        ((0.31, 7.10), (0.31, 7.00)),  # under the eye
        ((0.56, 7.29), (0.68, 7.05)),  # crow's feet
        ((0.057, 7.45), (0.0, 7.20)),  # between the brows
    ],
)
def test_folds_lie_where_faces_fold(place: tuple[float, float], flat: tuple[float, float]) -> None:
    def deepest(at: tuple[float, float]) -> float:
        return float(
            folds(np.linspace(at[0] - 0.03, at[0] + 0.03, 32), np.linspace(at[1] - 0.03, at[1] + 0.03, 32)).max()
        )

    assert deepest(place) > 0.2 and deepest(flat) < 0.1


def test_the_forehead_has_lines_one_over_the_other() -> None:
    column = folds(np.linspace(-0.2, 0.2, 64), np.linspace(7.5, 8.1, 256)).mean(1)
    tops = (column[1:-1] > column[:-2]) & (column[1:-1] >= column[2:]) & (column[1:-1] > 0.15)
    assert 3 <= tops.sum() <= 8


def test_heights_sink_in_folds_and_are_a_function_of_the_place() -> None:
    x, y = np.meshgrid(np.linspace(-0.6, 0.6, 64), np.linspace(6.3, 7.6, 64))
    z = np.full(x.shape, 1.4)
    heights, dark = wrinkle_heights(x, y, z)
    assert np.corrcoef(heights.ravel(), dark.ravel())[0, 1] < -0.8
    again, _ = wrinkle_heights(x, y, z)
    assert np.array_equal(heights, again)
    behind, _ = wrinkle_heights(x, y, np.zeros(x.shape))
    assert np.abs(behind).max() < 0.3 * np.abs(heights).max()
