"""The sample faces that check exports."""

import numpy as np
import pytest

from f2p_deploy.alignment.sample_faces import Faces, default_faces, varied
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError


def test_the_sample_photo_lies_where_the_bundle_wants_faces(
    small_bundle: Bundle, astronaut: np.ndarray, landmarker: "object"
) -> None:
    from f2p_deploy.alignment.aligned_face import align
    from f2p_deploy.alignment.mediapipe import MediaPipeFinder

    face = default_faces(small_bundle).images[0]
    finder = MediaPipeFinder(landmarker)
    aligned = align(astronaut, finder, small_bundle.settings.alignment.landmarks, 128).image
    finder.close()
    assert np.abs(face.transpose(1, 2, 0) * 255 - aligned).mean() < 0.5


def test_variations_are_different_faces_of_one_size(small_bundle: Bundle) -> None:
    faces = default_faces(small_bundle)
    assert faces.images.shape == (len(faces.names), 3, 128, 128)
    assert len(set(faces.names)) == len(faces.names) >= 6
    for i, one in enumerate(faces.images):
        assert all(np.abs(one - other).mean() > 0.01 for other in faces.images[:i]), faces.names[i]
    assert np.array_equal(faces.images[1], faces.images[0][:, :, ::-1])


@pytest.mark.parametrize(
    ("images", "names", "sentence"),
    [
        (np.zeros((1, 3, 4, 4)), ("a",), "found .* float64"),
        (np.zeros((0, 3, 4, 4), np.float32), (), "must be"),
        (np.zeros((1, 4, 4, 3), np.float32), ("a",), "must be"),
        (np.zeros((1, 3, 4, 4), np.float32), ("a", "b"), "1 faces but 2 names"),
        (np.full((1, 3, 4, 4), 2, np.float32), ("a",), r"must lie in \[0, 1\]"),
        (np.full((1, 3, 4, 4), np.nan, np.float32), ("a",), r"must lie in \[0, 1\]"),
    ],
)
def test_what_is_no_face_is_refused(images: np.ndarray, names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Faces(images, names)


def test_varied_keeps_the_face_first() -> None:
    face = np.random.default_rng(0).random((3, 8, 8), np.float32)
    assert np.array_equal(varied(face, "x").images[0], face)
