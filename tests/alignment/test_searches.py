import numpy as np
import pytest

from f2p_deploy.alignment.searches import searches
from f2p_deploy.alignment.warp import transform


def marked(height: int = 300, width: int = 600) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[40:42, 500:502] = 255
    return image


def test_every_view_knows_where_it_is_in_the_photo() -> None:
    seen = 0
    for views in searches(marked()):
        for pixels, to_photo in views:
            rows, columns = np.nonzero(pixels[..., 0] == 255)
            if len(rows) == 4:
                middle = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]])
                assert transform(to_photo, middle)[0] == pytest.approx((501, 41))
                seen += 1
    assert seen >= 6


def test_the_photo_comes_first_and_tiles_last_where_they_are_large_enough() -> None:
    views = list(searches(marked()))
    assert views[0][0][0].shape == (300, 600, 3)
    assert [len(level) for level in views[:3]] == [1, 1, 3]
    assert len(list(searches(np.zeros((200, 200, 3), np.uint8)))) == 3
    assert max(pixels.shape[0] for pixels, _ in list(searches(marked(2048, 2048)))[-1]) == 256
