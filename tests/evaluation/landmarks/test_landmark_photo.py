"""The measurement of one photo: compared meshes, their frame, and failures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS, KINDS, Condition
from f2p_deploy.evaluation.landmarks.landmark_groups import eye_distance
from f2p_deploy.evaluation.landmarks.landmark_report import Measured
from f2p_deploy.system.errors import PhotoError

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.engine.engine import Engine
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("torch")

Measure = Callable[..., Measured]


@pytest.fixture
def measure(
    small_bundle: "Bundle", mesh_finder: "MediaPipeFinder", engine_drawing: Callable[[np.ndarray], "Engine"]
) -> Measure:
    """Measure a photo, in one-shot mode, with an engine that draws a picture whatever the parameters."""
    from f2p_deploy.evaluation.landmarks.landmark_photo import MeasurementContext, face_in, measure_photo
    from f2p_deploy.evaluation.landmarks.pose_true import Posing

    settings = small_bundle.settings
    size = settings.architecture.image_size
    template = np.array([settings.alignment.landmarks[name] for name in LANDMARKS]) * size

    def measured(
        photo: Path, drawn: np.ndarray, conditions: tuple[Condition, ...] = (), out: Path | None = None
    ) -> Measured:
        engine, face = engine_drawing(drawn), face_in(mesh_finder, drawn)
        posing = Posing(engine, mesh_finder, template, size, turns=False)
        context = MeasurementContext(
            small_bundle, engine, mesh_finder, ("one-shot",), False, conditions, 0, out, drawn, face, posing
        )
        return measure_photo(photo, photo.stem, context, lambda done, doing: None)

    return measured


def test_the_photos_own_picture_is_no_farther_than_the_landmarkers_error(
    measure: Measure, photo: Path, aligned: "AlignedFace"
) -> None:
    found = measure(photo, aligned.image)
    assert found.name == "photos/astronaut.png" and set(found.distances) == {"photo", "average", "random", "one-shot"}
    assert found.distances["photo"][-1] < 0.03
    for subject in ("average", "random", "one-shot"):
        assert found.distances[subject] == pytest.approx(found.distances["photo"])


def test_distances_are_taken_in_the_frame_that_the_engine_draws(
    measure: Measure, photo: Path, aligned: "AlignedFace"
) -> None:
    from f2p_deploy.alignment.warp import transform

    assert aligned.landmarks.dense is not None
    unit = eye_distance(transform(aligned.matrix, aligned.landmarks.dense))
    shifted = np.roll(aligned.image, 10, axis=0)
    found = measure(photo, shifted).distances["one-shot"]
    assert found[-1] == pytest.approx(10 / unit, abs=0.03)


def test_a_picture_without_a_face_is_infinitely_far(measure: Measure, photo: Path, aligned: "AlignedFace") -> None:
    found = measure(photo, np.full_like(aligned.image, 128))
    assert all(np.isinf(found.distances[subject]).all() for subject in ("average", "random", "one-shot"))
    assert np.isfinite(found.distances["photo"]).all()


def test_a_photo_without_a_face_is_refused(measure: Measure, aligned: "AlignedFace", tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "wall.png")
    with pytest.raises(PhotoError, match="wall.png: no face was found") as refusal:
        measure(tmp_path / "wall.png", aligned.image)
    assert refusal.value.reason == "no-face"


def test_the_sharp_mesh_is_the_truth_for_spoiled_photos(
    measure: Measure, photo: Path, aligned: "AlignedFace", tmp_path: Path
) -> None:
    """The engine draws the same picture for all of them, so the figures must not change; the alignment hardly slips."""
    (tmp_path / "pictures").mkdir()
    chosen = (CONDITIONS[0], CONDITIONS[3], CONDITIONS[-2])
    found = measure(photo, aligned.image, chosen, tmp_path)
    assert list(found.spoiled) == [condition.label for condition in chosen]
    for spoiled in found.spoiled.values():
        assert spoiled.distances["one-shot"] == pytest.approx(found.distances["one-shot"])
        assert 0.0 < spoiled.moved < 0.06 and not spoiled.failure
        with Image.open(tmp_path / spoiled.picture) as strip:
            assert strip.size == (2 * strip.height, strip.height)
    assert sorted(found.pictures) == ["average", "one-shot", "photo", "random"]
    assert all((tmp_path / file).is_file() for file in found.pictures.values())


def test_a_degraded_photo_that_cannot_be_aligned_is_infinitely_far(
    measure: Measure, photo: Path, aligned: "AlignedFace"
) -> None:
    ruined = (Condition("small-face", 12.0, "tiny"), Condition("low-light", 12.0, "night"))
    found = measure(photo, aligned.image, ruined)
    assert np.isinf(found.spoiled["tiny"].distances["one-shot"]).all() and found.spoiled["tiny"].failure
    assert found.spoiled["night"].failure == "no-face" and np.isinf(found.spoiled["night"].moved)


def test_another_face_of_a_spoiled_photo_is_a_failure(
    measure: Measure, astronaut: np.ndarray, aligned: "AlignedFace", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two faces, of which the larger one is covered: the smaller one must not be taken for it."""

    def cover(image: np.ndarray, eye_distance: float, strength: float, seed: int) -> np.ndarray:
        covered = image.copy()
        covered[:, :400] = 128
        return covered

    monkeypatch.setitem(KINDS, "covered", cover)
    both = np.full((300, 720, 3), 128, np.uint8)
    both[:, :400] = astronaut[:300, :400]
    both[:240, 400:] = np.asarray(Image.fromarray(astronaut[:300, :400]).resize((320, 240)))
    Image.fromarray(both).save(tmp_path / "two.png")
    found = measure(tmp_path / "two.png", aligned.image, (Condition("covered", 1.0, "covered"),))
    spoiled = found.spoiled["covered"]
    assert spoiled.failure == "other-face" and np.isinf(spoiled.distances["one-shot"]).all()
