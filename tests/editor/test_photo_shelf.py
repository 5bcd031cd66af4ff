"""The last photos are remembered, by use."""

import numpy as np
import pytest

from f2p_deploy.editor.photo_shelf import MOST_PHOTOS, PhotoShelf, ShelvedFace
from f2p_deploy.system.errors import InputError


def test_the_face_that_was_not_used_for_longest_is_forgotten() -> None:
    shelf = PhotoShelf()
    faces = [ShelvedFace(np.zeros((2, 2, 3), np.uint8), None, 1, (), "hybrid") for _ in range(MOST_PHOTOS + 1)]
    ids = [shelf.put(face) for face in faces[:-1]]
    assert shelf.take(ids[0]) is faces[0]
    ids.append(shelf.put(faces[-1]))
    assert shelf.take(ids[0]) is faces[0] and shelf.take(ids[-1]) is faces[-1]
    with pytest.raises(InputError, match="no longer in memory, only the last 8 are: open it again"):
        shelf.take(ids[1])
    assert len(set(ids)) == len(ids)
