"""A photo with its landmarks, for creation without a download and without a trained network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.bundle import Bundle
    from f2p_deploy.creation import ChosenFinder


@pytest.fixture
def finder(tmp_path: Path, small_bundle: "Bundle") -> "ChosenFinder":
    """Knows the face in `astronaut.png`, also under the names `astronaut.jpg` and `a & <b>.png`."""
    from f2p_deploy.creation import choose_finder_for
    from f2p_deploy.export.faces import ASTRONAUT

    path = tmp_path / "landmarks.json"
    names = ("astronaut.png", "astronaut.jpg", "a & <b>.png")
    path.write_text(json.dumps({name: {point: list(xy) for point, xy in ASTRONAUT.items()} for name in names}))
    return choose_finder_for(small_bundle, landmarks=path)


@pytest.fixture
def finder_for(tmp_path: Path, small_bundle: "Bundle") -> "Callable[..., ChosenFinder]":
    """Makes a finder that knows the astronaut's face in photos of any names."""
    from f2p_deploy.creation import choose_finder_for
    from f2p_deploy.export.faces import ASTRONAUT

    def make(*names: str) -> "ChosenFinder":
        path = tmp_path / "landmarks-of-many.json"
        path.write_text(json.dumps({name: {point: list(xy) for point, xy in ASTRONAUT.items()} for name in names}))
        return choose_finder_for(small_bundle, landmarks=path)

    return make


@pytest.fixture
def many(photo: Path) -> list[Path]:
    """Six copies of the photo, `0.png` to `5.png`, in a folder of their own."""
    folder = photo.parent.parent / "many"
    folder.mkdir()
    photos = [folder / f"{i}.png" for i in range(6)]
    for path in photos:
        path.write_bytes(photo.read_bytes())
    return photos
