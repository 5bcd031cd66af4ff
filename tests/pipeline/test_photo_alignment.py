"""One photo, aligned as `run` aligns it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.pipeline.photo_alignment import align_face  # noqa: E402
from f2p_deploy.runtimes import TorchRuntime  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder


def test_a_face_by_a_finder_of_ones_own(small_bundle: "Bundle", photo: Path, finder: "ChosenFinder") -> None:
    from f2p_deploy.alignment import align_photo

    face = align_face(str(photo), TorchRuntime(small_bundle), finder.finder)
    template = small_bundle.settings.alignment.landmarks
    assert np.array_equal(face.image, align_photo(photo, finder.finder, template, 128).image)


def test_the_built_in_finder_finds_it(small_bundle: "Bundle", photo: Path) -> None:
    assert align_face(photo, TorchRuntime(small_bundle)).image.shape == (128, 128, 3)


def test_a_photo_that_is_not_there(small_bundle: "Bundle", tmp_path: Path, finder: "ChosenFinder") -> None:
    with pytest.raises(InputError, match="gone.jpg"):
        align_face(tmp_path / "gone.jpg", TorchRuntime(small_bundle), finder.finder)
