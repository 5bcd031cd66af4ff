"""Scenes stay within the documented ranges, and depend on seed and index only."""

from dataclasses import replace

import numpy as np
import pytest

from f2p_deploy.engine.engine import EXPRESSION_UNITS, Scene
from f2p_deploy.engine.scenes import SCENES, expressive_scenes, front_scenes, varied_scenes


def test_front_is_the_default_scene() -> None:
    assert front_scenes(7) == Scene()


def test_a_scene_depends_on_seed_and_index_alone() -> None:
    forwards = [varied_scenes(4)(i) for i in range(6)]
    backwards = [varied_scenes(4)(i) for i in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert varied_scenes(5)(0) != forwards[0] != forwards[1]


def test_variation_stays_within_its_ranges_and_uses_them() -> None:
    scenes = [SCENES["varied"](1)(i) for i in range(400)]

    def spread(values: list[float], low: float, high: float) -> None:
        assert low <= min(values) < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < max(values) <= high

    spread([scene.yaw for scene in scenes], -35, 35)
    spread([scene.pitch for scene in scenes], -15, 15)
    spread([scene.roll for scene in scenes], -10, 10)
    spread([scene.zoom for scene in scenes], 0.85, 1.2)
    spread([scene.shift[0] for scene in scenes], -0.05, 0.05)
    spread([value for scene in scenes for value in scene.background], 0, 1)
    assert all(0 <= value <= 2 for scene in scenes for value in scene.light_colour)
    assert all(np.linalg.norm(scene.light) == pytest.approx(1) for scene in scenes)


def test_expressive_scenes_are_varied_ones_that_mostly_smile() -> None:
    scenes = [expressive_scenes(4)(i) for i in range(200)]
    assert [replace(scene, expression=()) for scene in scenes] == [varied_scenes(4)(i) for i in range(200)]
    units = [dict(scene.expression) for scene in scenes]
    assert {unit for drawn in units for unit in drawn} <= set(EXPRESSION_UNITS)
    assert all(0 < strength <= 1 for drawn in units for strength in drawn.values())
    assert 0.65 < np.mean(["mouth-corner-puller" in drawn for drawn in units]) < 0.85
    assert expressive_scenes(4)(7) == scenes[7]
