"""Tables of age and sex: the mapping to sliders, and a written table read by the reader's stage."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from f2p_deploy.character.age_scale import age_to_slider  # noqa: E402
from f2p_deploy.character.schema import load_schema  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.age_sex import AgeSex, AgeSexJudge  # noqa: E402
from f2p_deploy.training.data.label_table import (  # noqa: E402
    LabelTable,
    label_photos,
    sex_to_slider,
    write_labels,
)
from f2p_deploy.training.data.labels import read_labels  # noqa: E402


def test_years_and_probabilities_become_sliders() -> None:
    assert [age_to_slider(age) for age in (10, 25, 35, 50, 65, 72, 90)] == [0.02, 0.02, 0.3, 0.65, 0.93, 0.98, 0.98]
    assert age_to_slider(42.5) == pytest.approx(0.475)
    assert [sex_to_slider(male) for male in (0.1, 0.29, 0.31, 0.69, 0.71, 1.0)] == [0.08, 0.08, None, None, 0.92, 0.92]


def test_the_table_is_what_training_reads(tmp_path: Path) -> None:
    schema = load_schema("makehuman")
    table = LabelTable(("a/=1, me.jpg", "b/2.jpg"), (AgeSex(0.1, 50.0), AgeSex(0.5, 72.0)))
    write_labels(table, schema, tmp_path / "labels.csv")
    labels = read_labels(tmp_path / "labels.csv", schema)
    assert labels.names == table.names and not labels.options
    assert labels.sliders["head.age"] == pytest.approx([0.65, 0.98])
    assert labels.sliders["head.masculinity"] == pytest.approx([0.08, np.nan], nan_ok=True)


def test_a_table_that_is_there_is_added_to(tmp_path: Path) -> None:
    schema, path = load_schema("makehuman"), tmp_path / "labels.csv"
    path.write_text("photo,hair,head.age\na/1.jpg,bald,0.2\na/3.jpg,,\n")
    assert write_labels(LabelTable(("a/1.jpg", "a/2.jpg"), (AgeSex(0.1, 50.0), AgeSex(0.9, 72.0))), schema, path) == 2
    assert path.read_text().splitlines() == [
        "photo,hair,head.age,head.masculinity",
        "a/1.jpg,bald,0.2,0.080",
        "a/3.jpg,,,",
        "a/2.jpg,,0.980,0.920",
    ]
    path.write_text("no table")
    with pytest.raises(InputError, match="should be a table"):
        write_labels(LabelTable(("a/1.jpg",), (AgeSex(0.1, 50.0),)), schema, path)
    assert path.read_text() == "no table"


def test_a_schema_without_age_and_sex_is_refused(tmp_path: Path) -> None:
    table = LabelTable(("a/1.jpg",), (AgeSex(0.1, 50.0),))
    with pytest.raises(InputError, match="the schema 'justice-male' tags no controller as age or sex"):
        write_labels(table, load_schema("justice-male"), tmp_path / "labels.csv")


def test_photos_without_a_face_are_named(photo: Path, landmarker: Path, age_sex_file: Path) -> None:
    pytest.importorskip("mediapipe")
    from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker

    wall, broken = photo.with_name("wall.png"), photo.with_name("broken.png")
    Image.new("RGB", (200, 200), "grey").save(wall)
    broken.write_text("not a picture")
    finder, judge = open_landmarker(landmarker), AgeSexJudge(age_sex_file)
    calls: list[tuple[int, int]] = []
    table = label_photos([photo, wall, broken], finder, judge, lambda done, total: calls.append((done, total)))
    assert table.names == ("photos/astronaut.png",) and table.predictions[0].known and calls[-1] == (3, 3)
    assert table.refused[0] == "wall.png: no face was found" and "broken.png" in table.refused[1]
    with pytest.raises(InputError, match="no photo has a usable face: "):
        label_photos([wall], finder, judge)
