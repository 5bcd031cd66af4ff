"""The pose measurement: an engine that always draws the same face leaves landmarks and identity where they are."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.evaluation.pose.measure_pose import DrawnCharacter, compare_characters, measure_pose, slider_change
from f2p_deploy.evaluation.pose.pose_series import PosedPhoto, PoseSeries

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.engine.engine import Engine
    from f2p_deploy.model.bundle import Bundle


def test_a_character_is_nothing_apart_from_itself(small_bundle: "Bundle") -> None:
    from f2p_deploy.character.parameters import average

    schema = small_bundle.schema
    values = average(schema).values
    other = values.copy()
    other[0] += 0.25
    hair = schema.discrete_slices["hair"]
    other[hair] = np.roll(values[hair], 1)
    mesh = np.random.default_rng(0).random((478, 2))
    one = DrawnCharacter(values, np.zeros((8, 8, 3), np.uint8), np.array([1.0, 0.0]), mesh)
    two = DrawnCharacter(other, one.picture, np.array([0.0, 2.0]), None)
    assert compare_characters(one, one, schema).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert compare_characters(one, two, schema).tolist() == pytest.approx([0.25 / 6, 0.5, 0.0, np.inf])
    assert slider_change(values, other, schema) == pytest.approx(0.25 / 6)


def test_photos_of_one_person_are_compared_with_the_most_frontal(
    small_bundle: "Bundle",
    astronaut: np.ndarray,
    aligned: "AlignedFace",
    engine_drawing: "Callable[[np.ndarray], Engine]",
    mesh_finder: "MediaPipeFinder",
) -> None:
    mirrored, wall = np.ascontiguousarray(astronaut[:, ::-1]), np.full_like(astronaut, 128)
    photos = (PosedPhoto("1", astronaut), PosedPhoto("2", mirrored), PosedPhoto("3", wall))
    series = [PoseSeries("eileen", photos), PoseSeries("wall", (PosedPhoto("1", wall),))]
    engine = engine_drawing(aligned.image)
    report = measure_pose(series, 2, small_bundle, engine, mesh_finder, ("one-shot",), (-60, 0, 60))
    (one,) = report.series
    assert [result.frontal for result in one.results].count(True) == 1 and len(one.results) == 2
    (other,) = report.at(0)
    sliders, _, identity, landmarks = other.figures["one-shot"]
    assert sliders > 0 and identity == pytest.approx(1.0) and landmarks == 0.0 and not other.error
    assert [name for name, _, _ in report.refused] == ["eileen, 3", "wall, 1"] and report.left_out == ("wall",)
    assert len(one.strips["photo"]) == len(one.strips["one-shot"]) == 2 and not report.known
    assert np.isnan(report.others["one-shot"]).all() and report.complete
