"""A photo with its landmarks, for creation without a download and without a trained network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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
