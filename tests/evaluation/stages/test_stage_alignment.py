"""Alignment: the badness of templates whose place is known, and the average of the renders' landmarks."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.alignment import AlignedFace, Landmarks  # noqa: E402
from f2p_deploy.alignment.landmarks import five_points  # noqa: E402
from f2p_deploy.alignment.warp import fit_similarity  # noqa: E402
from f2p_deploy.character.face import LANDMARKS  # noqa: E402
from f2p_deploy.evaluation.stages.stage_alignment import average_landmarks, measure_alignment  # noqa: E402
from f2p_deploy.evaluation.stages.stage_data import HeldOut, Renders  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.evaluation.stages.stage_result import StageResult
    from f2p_deploy.model.bundle import Bundle

SIZE = 128


@pytest.fixture
def measure(small_bundle: "Bundle", photos_of: Callable, drawn_by: Callable) -> "Callable[[float], StageResult]":
    """Measure people of different faces, aligned with a template that is so far to the right of the renders' faces."""
    settings = small_bundle.settings
    template = np.array([settings.alignment.landmarks[name] for name in LANDMARKS])
    rng = np.random.default_rng(0)

    def measure_at(shift: float) -> "StageResult":
        faces = []
        for _ in range(9):
            points = 300 + 200 * (template + rng.normal(0.0, 0.01, (5, 2)))
            matrix = fit_similarity(points, template * SIZE)
            picture = np.zeros((SIZE, SIZE, 3), np.uint8)
            faces.append(AlignedFace(picture, matrix, Landmarks(five_points(points), "test"), 1, 1, 0.01, 0.0, 0.5))
        target = np.broadcast_to((template - [shift, 0.0]) * SIZE, (6, 5, 2))
        front = replace(drawn_by(small_bundle, 6), landmarks=target)
        photos = photos_of(np.stack([face.image for face in faces]), tuple(faces), refused=2)
        return measure_alignment(small_bundle, HeldOut(front, photos=photos))

    return measure_at


def test_a_template_where_the_renders_are_is_perfect(measure: "Callable[[float], StageResult]") -> None:
    result = measure(0.0)
    assert result.badness == pytest.approx(0.0, abs=1e-4)
    figures = {figure.name: figure.value for figure in result.figures}
    assert (figures["photos"], figures["photos refused"]) == (9, 2)
    assert {f"{name} from the template, median" for name in LANDMARKS} < set(figures)
    assert 0 < figures["nose-tip from the template, median"] < 0.03


def test_a_shift_is_measured_in_edges_and_against_what_is_personal(measure: "Callable[[float], StageResult]") -> None:
    result = measure(0.15)
    distance = result.figures[0]
    assert distance.value == pytest.approx(0.15, abs=0.002) and distance.nothing is not None
    assert 0.005 < distance.nothing < 0.02, "people were made to differ by about a hundredth"
    assert result.badness == pytest.approx(0.15 / distance.nothing, rel=0.02)


def test_what_cannot_be_compared_is_said(small_bundle: "Bundle", drawn_by: Callable, photos_of: Callable) -> None:
    front = drawn_by(small_bundle, 2)
    assert measure_alignment(small_bundle, HeldOut(front)).missing == "no photos: name a folder with --portraits"
    photos = photos_of(np.zeros((1, SIZE, SIZE, 3), np.uint8))
    result = measure_alignment(small_bundle, HeldOut(front, photos=photos))
    assert result.badness is None and result.missing == "no landmarks of the renders"


def test_the_finders_points_count_before_the_engines() -> None:
    def renders(landmarks: np.ndarray | None, *found: float | None) -> Renders:
        pictures, nothing = np.zeros((2, 100, 100, 3), np.uint8), np.zeros(0)
        faces = tuple(None if x is None else Landmarks(five_points([(x, 50.0)] * 5), "test") for x in found)
        return Renders(pictures, None, nothing, nothing, landmarks, nothing, 2, faces)

    engine = np.full((2, 5, 2), 20.0)
    average = average_landmarks(renders(engine, 49.0, 51.0))
    assert average is not None
    # Two points at 0.49 and 0.51: a deviation of sqrt(2) hundredths, over the root of 2 pictures.
    np.testing.assert_allclose(average[0], np.full((5, 2), 0.5))
    assert average[1] == pytest.approx(0.01)
    of_engine = average_landmarks(renders(engine, 49.0, None))
    assert of_engine is not None and of_engine[0][0, 0] == pytest.approx(0.2) and of_engine[1] == 0.0
    assert average_landmarks(renders(None, 49.0, None)) is None
