"""A user's photos as faces for parity."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")


def test_photos_become_faces_of_the_bundles_size(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", caplog: pytest.LogCaptureFixture
) -> None:
    from f2p_deploy.pipeline.faces import aligned_faces

    (photo.parent / "notes.jpg").write_text("not a picture")
    faces = aligned_faces([photo.parent], small_bundle, finder)
    assert faces.images.shape == (1, 3, 128, 128) and faces.names == ("astronaut.png",)
    assert "left out: notes.jpg" in caplog.text
    with pytest.raises(InputError, match="none of the photos"):
        aligned_faces([photo.parent / "notes.jpg"], small_bundle, finder)
