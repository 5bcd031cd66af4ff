"""Likeness, measured with MediaPipe, a small bundle, and an engine and a judge with known outputs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("skimage")

from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport, measure_likeness  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace, MediaPipeFinder
    from f2p_deploy.model.bundle import Bundle


class Colours:
    """A judge that knows people by their colours."""

    name = "colours"

    def describe(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the mean colour of the picture."""
        assert points.shape == (5, 2) and np.isfinite(points).all()
        return picture.reshape(-1, 3).mean(axis=0).astype(np.float32)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, astronaut: np.ndarray) -> Path:
    """A folder of twelve photos in twelve colours, and one without a face."""
    folder = tmp_path_factory.mktemp("crowd")
    for i in range(12):
        tint = 0.7 + 0.3 * np.random.default_rng(i).random(3)
        Image.fromarray((astronaut * tint).astype(np.uint8)).save(folder / f"p{i:02d}.png")
    Image.new("RGB", (200, 200), "grey").save(folder / "wall.png")
    return folder


@pytest.fixture(scope="module")
def report(
    crowd: Path,
    small_bundle: "Bundle",
    mesh_finder: "MediaPipeFinder",
    engine_drawing: Callable,
    aligned: "AlignedFace",
) -> LikenessReport:
    engine = engine_drawing(aligned.image)
    return measure_likeness([crowd], small_bundle, engine, mesh_finder, Colours(), ("one-shot",), imitator=True)


def test_every_photo_is_measured_or_refused_with_a_reason(report: LikenessReport) -> None:
    assert report.complete and len(report.people) == 12 and report.subjects == ("one-shot", "one-shot, imitator")
    (refused,) = report.refused
    assert refused.reason == "no-face" and refused.name.endswith("wall.png")


def test_one_picture_for_everybody_is_chance(report: LikenessReport) -> None:
    assert report.identification["one-shot"].auc.value == 0.5
    assert report.without_face("one-shot") == 0 and report.skin["one-shot"].difference > 0
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in report.options("one-shot").values())
    assert 0.0 <= report.at_end("one-shot") <= 1.0


def test_pictures_without_a_face_are_counted_and_left_out_of_skin(report: LikenessReport) -> None:
    # A bundle of random weights draws no faces.
    assert report.without_face("one-shot, imitator") == 12 and "one-shot, imitator" not in report.skin


def test_sex_age_and_labels_are_compared_too(
    crowd: Path,
    small_bundle: "Bundle",
    mesh_finder: "MediaPipeFinder",
    engine_drawing: Callable,
    aligned: "AlignedFace",
    age_sex_file: Path,
    report: LikenessReport,
    tmp_path: Path,
) -> None:
    from f2p_deploy.training.data.age_sex import AgeSexJudge
    from f2p_deploy.training.data.labels import read_labels

    made = [person.characters["one-shot"].parameters.choice("hair") for person in report.people]
    other = {"none": "short", "short": "long", "long": "none"}
    told = [made[0], other[made[1]], *[""] * 10]
    table = tmp_path / "labels.csv"
    table.write_text("photo,hair\n" + "".join(f"{crowd.name}/p{i:02d}.png,{word}\n" for i, word in enumerate(told)))
    found = measure_likeness(
        [crowd],
        small_bundle,
        engine_drawing(aligned.image),
        mesh_finder,
        Colours(),
        ("one-shot",),
        imitator=True,
        age_sex=AgeSexJudge(age_sex_file),
        labels=read_labels(table, small_bundle.schema),
    )
    figures = found.age_sex["one-shot"]
    # Every character is the astronaut; pictures of a bundle of random weights have no face.
    assert figures.people == 12 and figures.age_spread.value == 0.0 and "one-shot, imitator" not in found.age_sex
    hair = found.against_labels["one-shot"].groups["hair"]
    assert (hair.known, hair.right) == (2, 0.5)
