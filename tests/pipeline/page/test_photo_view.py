"""The small photo of the page, with frame and landmarks in its pixels."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder


def test_points_scale_with_the_photo(small_bundle: "Bundle", finder: "ChosenFinder", astronaut: np.ndarray) -> None:
    from f2p_deploy.alignment import align
    from f2p_deploy.alignment.sample_faces import ASTRONAUT
    from f2p_deploy.pipeline.page.photo_view import LONGEST_EDGE, draw_photo

    aligned = align(astronaut, finder.finder, small_bundle.settings.alignment.landmarks, 128, name="astronaut.png")
    photo, view = draw_photo(astronaut, aligned)
    assert photo.size == (512, 512) and view.points["nose-tip"] == (223.7, 127.0)
    wide = np.concatenate([astronaut, astronaut, astronaut], axis=1)
    photo, smaller = draw_photo(wide, aligned)
    assert photo.width == LONGEST_EDGE
    scale = LONGEST_EDGE / wide.shape[1]
    for name, (x, y) in ASTRONAUT.items():
        assert np.allclose(smaller.points[name], (x * scale, y * scale), atol=0.6)
    # Pixels of the aligned face's middle come from the middle of the frame.
    assert np.allclose(np.mean(view.frame, axis=0), np.mean(list(view.points.values()), axis=0), atol=25)
