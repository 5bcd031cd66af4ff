"""Poses: the finder's reading, and the turn of the engine's head that gives the same reading."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.engine.engine import Scene
from f2p_deploy.evaluation.landmarks.pose import LARGEST_TURN, scene_for

if TYPE_CHECKING:
    from f2p_deploy.alignment import MediaPipeFinder


def test_a_character_that_is_read_as_the_photo_is_not_turned() -> None:
    scene = scene_for((8.0, -5.0), (8.0, -5.0))
    assert (scene.yaw, scene.pitch, scene.roll) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


def test_signs() -> None:
    """A finder's pitch lowers the nose, an engine's raises it; yaw turns it to the picture's right in both."""
    scene = scene_for((20.0, 0.0), (0.0, 0.0))
    assert (scene.yaw, scene.pitch) == pytest.approx((20.0, 0.0), abs=1e-9)
    scene = scene_for((0.0, 10.0), (0.0, 3.0))
    assert (scene.yaw, scene.pitch) == pytest.approx((0.0, -7.0), abs=1e-9)


def test_a_reading_off_by_the_bias_alone_asks_for_the_same_scene_again() -> None:
    """The bias turns the head's own axes, so what was drawn and read must lead back to what was drawn."""
    drawn = scene_for((25.0, -8.0), (1.0, 14.0))
    again = scene_for((25.0, -8.0), (25.0, -8.0), drawn)
    assert (again.yaw, again.pitch) == pytest.approx((drawn.yaw, drawn.pitch), abs=1e-6)


def test_no_head_is_turned_away() -> None:
    scene = scene_for((80.0, 0.0), (-20.0, 0.0))
    assert scene.yaw == LARGEST_TURN


@pytest.mark.parametrize(("yaw", "pitch"), [(15.0, 8.0), (-20.0, -6.0)])
def test_the_engine_and_the_finder_agree_on_the_signs(
    yaw: float, pitch: float, makehuman_assets: Path, mesh_finder: "MediaPipeFinder"
) -> None:
    pytest.importorskip("numba")
    from f2p_deploy.character.parameters import average
    from f2p_deploy.engine.makehuman.makehuman import load_engine

    engine = load_engine("makehuman", makehuman_assets)
    usual = average(engine.schema).values

    def read(scene: Scene) -> tuple[float, float]:
        face = mesh_finder.find(engine.render(usual, 256, scene).image)[0]
        assert face.yaw is not None and face.pitch is not None
        return face.yaw, face.pitch

    found = scene_for(read(Scene(yaw=yaw, pitch=pitch)), read(Scene()))
    assert math.hypot(found.yaw - yaw, found.pitch - pitch) < 5.0
