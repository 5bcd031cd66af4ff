"""A photo with its landmarks, for creation without a download and without a trained network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from f2p_deploy.character.schema import Schema
    from f2p_deploy.engine.engine import Rendering, Scene
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder


@pytest.fixture
def finder(tmp_path: Path, small_bundle: "Bundle") -> "ChosenFinder":
    """Knows the face in `astronaut.png`, also under the names `astronaut.jpg` and `a & <b>.png`."""
    from f2p_deploy.alignment.sample_faces import ASTRONAUT
    from f2p_deploy.pipeline import choose_finder_for

    path = tmp_path / "landmarks.json"
    names = ("astronaut.png", "astronaut.jpg", "a & <b>.png")
    path.write_text(json.dumps({name: {point: list(xy) for point, xy in ASTRONAUT.items()} for name in names}))
    return choose_finder_for(landmarks=path)


@pytest.fixture
def finder_for(tmp_path: Path, small_bundle: "Bundle") -> "Callable[..., ChosenFinder]":
    """Makes a finder that knows the astronaut's face in photos of any names."""
    from f2p_deploy.alignment.sample_faces import ASTRONAUT
    from f2p_deploy.pipeline import choose_finder_for

    def make(*names: str) -> "ChosenFinder":
        path = tmp_path / "landmarks-of-many.json"
        path.write_text(json.dumps({name: {point: list(xy) for point, xy in ASTRONAUT.items()} for name in names}))
        return choose_finder_for(landmarks=path)

    return make


class PlainEngine:
    """Draws everybody as the same grey."""

    def __init__(self, schema: "Schema") -> None:
        self.schema = schema

    def render(self, parameters: np.ndarray, size: int, scene: "Scene | None" = None) -> "Rendering":
        from f2p_deploy.engine.engine import Rendering

        return Rendering(np.full((size, size, 3), 77, np.uint8))

    def render_many(
        self, batch: np.ndarray, size: int, scenes: "Iterable[Scene] | None" = None, workers: int = 1
    ) -> "Iterator[Rendering]":
        return (self.render(parameters, size) for parameters in batch)


@pytest.fixture
def plain_engine() -> type[PlainEngine]:
    """The kind of an engine that needs no assets."""
    return PlainEngine


@pytest.fixture
def many(photo: Path) -> list[Path]:
    """Six copies of the photo, `0.png` to `5.png`, in a separate folder."""
    folder = photo.parent.parent / "many"
    folder.mkdir()
    photos = [folder / f"{i}.png" for i in range(6)]
    for path in photos:
        path.write_bytes(photo.read_bytes())
    return photos
