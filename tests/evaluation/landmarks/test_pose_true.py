"""The pose-true comparison of one photo: placement, turn, and engines that cannot turn heads."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue, Posing, can_turn, compare_posed

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.model.bundle import Bundle

SIZE = 256


@pytest.fixture(scope="module")
def template() -> np.ndarray:
    """The template of the shipped bundle's five landmarks, in pixels."""
    pytest.importorskip("torch")
    from f2p_deploy.model.bundle import load_bundle

    landmarks = load_bundle().settings.alignment.landmarks
    return np.array([landmarks[name] for name in LANDMARKS]) * SIZE


def test_the_same_character_turned_as_its_photo_is_at_no_distance(
    makehuman_assets: Path, mesh_finder: "MediaPipeFinder", template: np.ndarray
) -> None:
    """The photo is the engine's own picture of a character from the side, so the truth is known."""
    pytest.importorskip("numba")
    from f2p_deploy.character.parameters import random_batch
    from f2p_deploy.engine.makehuman.makehuman import load_engine

    engine = load_engine("makehuman", makehuman_assets)
    (somebody,) = random_batch(engine.schema, 1, 7)
    assert can_turn(engine, somebody, 64)
    posing = Posing(engine, mesh_finder, template, SIZE, turns=True)
    photo = mesh_finder.find(engine.render(somebody, SIZE, Scene(yaw=18.0, pitch=-7.0)).image)[0]
    picture = engine.render(somebody, SIZE).image
    front = mesh_finder.find(picture)[0]
    drawn = posing.turn(somebody, front, picture, photo)
    assert drawn.face is not None and drawn.missed < 3.0
    meshes = {"turned": posing.place(np.asarray(drawn.face.dense)), "front": posing.place(np.asarray(front.dense))}
    found = compare_posed(posing.place(np.asarray(photo.dense)), meshes, {"turned": drawn.missed}, photo, SIZE)
    assert found.distances("turned")[-1] < 0.02 < 0.03 < found.distances("front")[-1]


def test_meshes_are_placed_by_their_five_points(
    engine_drawing: Callable[[np.ndarray], Engine],
    mesh_finder: "MediaPipeFinder",
    aligned: "AlignedFace",
    template: np.ndarray,
) -> None:
    posing = Posing(engine_drawing(aligned.image), mesh_finder, template, SIZE, turns=False)
    mesh = np.asarray(aligned.landmarks.dense)
    rolled = transform(np.array([[0.8, -0.6, 30.0], [0.6, 0.8, -7.0]]) * 1.5, mesh)
    assert posing.place(rolled) == pytest.approx(posing.place(mesh), abs=1e-6)
    assert posing.truth_of(aligned) == pytest.approx(posing.place(mesh), abs=1e-6)


def test_an_engine_of_the_front_view_alone_is_compared_from_the_front(
    engine_drawing: Callable[[np.ndarray], Engine],
    mesh_finder: "MediaPipeFinder",
    aligned: "AlignedFace",
    small_bundle: "Bundle",
    template: np.ndarray,
) -> None:
    from f2p_deploy.character.parameters import average

    engine, usual = engine_drawing(aligned.image), average(small_bundle.schema).values
    assert not can_turn(engine, usual, len(aligned.image))
    posing = Posing(engine, mesh_finder, template, len(aligned.image), turns=False)
    front = mesh_finder.find(aligned.image)[0]
    drawn = posing.turn(usual, front, aligned.image, aligned.landmarks)
    assert drawn.face is front and drawn.picture is aligned.image
    assert np.isinf(posing.turn(usual, None, aligned.image, aligned.landmarks).missed)


def test_no_face_is_infinitely_far() -> None:
    assert np.isinf(PoseTrue(np.ones((478, 2)), {"lost": None}).distances("lost")).all()
