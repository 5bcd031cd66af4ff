"""Likeness, measured with MediaPipe, a small bundle, and an engine and a judge whose answers are known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("skimage")

from f2p_deploy.evaluation.likeness.likeness_page import (  # noqa: E402
    likeness_as_data,
    likeness_report_tables,
    write_likeness_results,
)
from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport, measure_likeness  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

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


def test_everybody_is_measured_and_who_cannot_be_is_told(report: LikenessReport) -> None:
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


def test_tables_data_and_page_hold_every_figure(report: LikenessReport, tmp_path: Path) -> None:
    assert [row[0] for row in likeness_report_tables(report)[0].rows] == list(report.subjects)
    data = json.loads(json.dumps(likeness_as_data(report)))
    assert data["subjects"]["one-shot"]["auc"]["value"] == 0.5 and len(data["results"]) == 12
    assert "descriptor" not in json.dumps(data)
    page = write_likeness_results(report, tmp_path).read_text()
    assert page.count("<img") == 12 * 3 and "p11.png" in page and json.loads((tmp_path / "likeness.json").read_text())


def test_sex_age_and_labels_stand_beside(
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
    from f2p_deploy.training.train_reader import read_labels

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
    titles = [table.title for table in likeness_report_tables(found)]
    assert titles[1:3] == ["Sex and age", "Options against labels"]
    for each in likeness_report_tables(found):
        assert all(len(row) == len(each.headers) for row in each.rows)
    data = json.loads(json.dumps(likeness_as_data(found)))["subjects"]
    assert data["one-shot"]["age_sex"]["age_spread"]["value"] == 0.0
    assert data["one-shot"]["labels"]["groups"]["hair"]["right"] == 0.5
    assert data["one-shot, imitator"]["age_sex"] is None
    page = write_likeness_results(found, tmp_path).read_text()
    assert "Sex and age" in page and "Options against labels" in page


def test_too_few_people_are_refused(
    crowd: Path,
    small_bundle: "Bundle",
    mesh_finder: "MediaPipeFinder",
    engine_drawing: Callable,
    aligned: "AlignedFace",
) -> None:
    engine = engine_drawing(aligned.image)
    few = measure_likeness([crowd], small_bundle, engine, mesh_finder, Colours(), ("one-shot",), limit=2)
    with pytest.raises(InputError, match="at least 10 people, found 2"):
        likeness_report_tables(few)
