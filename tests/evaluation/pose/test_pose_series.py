"""Series of photos: drawn by the reference engine, and of people."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.schema import Schema, load_schema
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.evaluation.pose.pose_series import (
    characters_of_photos,
    drawn_series,
    people_series,
    random_characters,
    sweep_yaws,
)
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.alignment import MediaPipeFinder
    from f2p_deploy.engine.engine import Engine
    from f2p_deploy.model.bundle import Bundle


def test_the_sweep_is_symmetric_and_has_the_front() -> None:
    assert sweep_yaws(20) == (-60, -40, -20, 0, 20, 40, 60) and sweep_yaws(45) == (-45, 0, 45)
    for step in (4, 61):
        with pytest.raises(InputError, match="the step of the sweep is 5 to 60 degrees"):
            sweep_yaws(step)


class TurningEngine:
    """An engine whose pictures are as bright as the head is turned."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Return a grey picture."""
        return Rendering(np.full((size, size, 3), 100 + round(scene.yaw), np.uint8))

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Return no picture: a sweep asks for one after another."""
        return iter(())


def test_every_character_is_drawn_at_every_yaw() -> None:
    schema = load_schema("makehuman")
    characters = random_characters(schema, 2, seed=3)
    assert list(characters) == ["character 1", "character 2"]
    one, two = drawn_series(TurningEngine(schema), characters, (-40, 0, 40))
    assert [(photo.yaw, int(photo.read()[0, 0, 0])) for photo in two.photos] == [(-40, 60), (0, 100), (40, 140)]
    assert one.truth is characters["character 1"] and one.photos[0].read().shape == (512, 512, 3)


def test_an_engine_of_the_front_view_alone_is_refused(
    engine_drawing: "Callable[[np.ndarray], Engine]", small_bundle: "Bundle"
) -> None:
    engine = engine_drawing(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(InputError, match="cannot turn heads: name photos with --people"):
        next(drawn_series(engine, random_characters(small_bundle.schema, 1, 0), (0,)))


def test_people_need_two_photos(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("anna/1.png", "anna/2.png", "ben/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / name)
    (anna,) = people_series(tmp_path)
    assert "left out, with one photo only: ben" in caplog.text
    assert anna.name == "anna" and [photo.name for photo in anna.photos] == ["anna/1.png", "anna/2.png"]
    assert anna.photos[0].yaw is None and anna.photos[0].read().shape == (64, 64, 3)
    (tmp_path / "ben" / "1.png").unlink()
    assert [one.name for one in people_series(tmp_path)] == ["anna"], "one person is enough"
    (tmp_path / "anna" / "2.png").unlink()
    with pytest.raises(InputError, match="nobody in .* has two photos"):
        people_series(tmp_path)
    (tmp_path / "anna" / "1.png").unlink()
    with pytest.raises(InputError, match="for each of one or more people"):
        people_series(tmp_path)


def test_characters_come_of_photos_with_a_face(
    photo: Path,
    tmp_path: Path,
    small_bundle: "Bundle",
    mesh_finder: "MediaPipeFinder",
    caplog: pytest.LogCaptureFixture,
) -> None:
    from f2p_deploy.runtimes import TorchRuntime

    wall = tmp_path / "wall.png"
    Image.fromarray(np.full((128, 128, 3), 128, np.uint8)).save(wall)
    runtime = TorchRuntime(small_bundle)
    found = characters_of_photos([wall, photo], runtime, mesh_finder)
    assert list(found) == ["astronaut"] and found["astronaut"].shape == (small_bundle.schema.n,)
    assert "left out: wall.png: no face was found" in caplog.text
    with pytest.raises(InputError, match="no photo has a usable face"):
        characters_of_photos([wall], runtime, mesh_finder)
