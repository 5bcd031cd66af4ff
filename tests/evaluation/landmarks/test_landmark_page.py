"""The folder of a measurement: a page with figures and existing pictures, and the tables."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.evaluation.landmarks.landmark_page import SPOILED, WORST, write_landmark_results
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport
from f2p_deploy.system.errors import InputError


@pytest.fixture
def pictured(report: LandmarkReport, tmp_path: Path) -> LandmarkReport:
    """The report with a picture for everything, under awkward names."""
    (tmp_path / "pictures").mkdir()
    measured = []
    for i, one in enumerate(report.measured):
        files = {subject: f"pictures/a #{i} & {subject}.png" for subject in one.distances}
        for file in files.values():
            Image.fromarray(np.full((16, 16, 3), 10 * i, np.uint8)).save(tmp_path / file)
        strip = next(iter(files.values()))
        spoiled = {label: replace(bad, picture="" if bad.failure else strip) for label, bad in one.spoiled.items()}
        measured.append(replace(one, pictures=files, spoiled=spoiled))
    return replace(report, measured=tuple(measured))


def test_the_folder_is_complete(pictured: LandmarkReport, tmp_path: Path) -> None:
    path = write_landmark_results(pictured, tmp_path)
    assert path == tmp_path / "index.html" and (tmp_path / "landmarks.csv").is_file()
    assert json.loads((tmp_path / "report.json").read_text())["complete"] is True
    text = path.read_text()
    sources = re.findall(r'src="([^"]+)"', text)
    files = [unquote(source) for source in sources if not source.startswith("data:")]
    assert len(files) == WORST * 5 + SPOILED and all((tmp_path / file).is_file() for file in files)
    assert len(sources) - len(files) == 12 - WORST
    assert text.index("faces/03.png") < text.index("faces/11.png") < text.index("faces/00.png")
    assert "wall.png: no face was found" in text and "my/demo" in text and "8.00 to 8.00" in text


def test_a_stopped_measurement_has_a_page(pictured: LandmarkReport, tmp_path: Path) -> None:
    text = write_landmark_results(replace(pictured, total=20), tmp_path).read_text()
    assert "12 of 20, stopped" in text
    nothing = write_landmark_results(replace(pictured, measured=(), refused=(), total=20), tmp_path).read_text()
    assert "0 of 20, stopped" in nothing and "<article>" not in nothing


def test_a_picture_that_is_gone_is_named(pictured: LandmarkReport, tmp_path: Path) -> None:
    for file in (tmp_path / "pictures").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"the picture .*#.*png of this measurement cannot be read"):
        write_landmark_results(pictured, tmp_path)


def test_turned_characters_are_shown_where_they_were_drawn(
    pictured: LandmarkReport, turned_report: LandmarkReport, tmp_path: Path
) -> None:
    measured = [
        replace(one, pose_true=also.pose_true, pictures={**one.pictures, "hybrid, turned": one.pictures["hybrid"]})
        for one, also in zip(pictured.measured, turned_report.measured, strict=True)
    ]
    text = write_landmark_results(replace(pictured, measured=tuple(measured)), tmp_path).read_text()
    assert text.count("hybrid, turned") == 2 * WORST and "Pose-true distance" in text
