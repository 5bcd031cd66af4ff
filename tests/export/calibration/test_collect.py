"""Collecting a calibration set: reasons for rejected photos, and no incomplete folders."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import align
from f2p_deploy.alignment.mediapipe import MediaPipeFinder
from f2p_deploy.export.calibration.calibration_set import CalibrationSet
from f2p_deploy.export.calibration.collect import _unfit, collect
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError


@pytest.fixture(scope="module")
def portraits(shared: Path) -> list[Path]:
    folder = shared / "data" / "portraits"
    if not folder.is_dir():
        pytest.skip(f"no portraits in {folder}")
    return sorted(folder.glob("*.jpg"))[:70]


@pytest.fixture(scope="module")
def finder(landmarker: Path) -> MediaPipeFinder:
    return MediaPipeFinder(landmarker)


@pytest.mark.parametrize(
    ("change", "reason"),
    [(lambda x: x * 0.08, "too-dark"), (lambda x: 255 - (255 - x) * 0.05, "too-bright"), (None, "blurred")],
)
def test_faces_that_show_too_little_are_left_out(
    change: object, reason: str, astronaut: np.ndarray, finder: MediaPipeFinder, small_bundle: Bundle
) -> None:
    template = small_bundle.settings.alignment.landmarks
    face = align(astronaut, finder, template, 128)
    assert _unfit(face) == ("", "")
    if change is None:
        spoiled = replace(face, sharpness=3.0)
    else:
        spoiled = replace(face, brightness=float(change(np.float64(face.brightness * 255)) / 255))
    assert _unfit(spoiled)[0] == reason and "face's" in _unfit(spoiled)[1]


@pytest.fixture(scope="module")
def made(
    portraits: list[Path], finder: MediaPipeFinder, small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> CalibrationSet:
    """A set of 70 portraits, two photos that are no use and one that is there twice."""
    folder = tmp_path_factory.mktemp("collect")
    again = folder / "again.png"
    Image.open(portraits[7]).resize((300, 375)).save(again)
    wall, broken = folder / "wall.png", folder / "broken.jpg"
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(wall)
    broken.write_bytes(portraits[0].read_bytes()[:500])
    photos = [*portraits, again, wall, broken]
    return collect(photos, small_bundle, finder, folder / "set", "f2p-deploy calibrate", count=64)


def test_every_photo_is_a_face_or_has_a_reason(made: CalibrationSet, portraits: list[Path]) -> None:
    assert made.count == 64
    assert made.count + len(made.rejected) == len(portraits) + 3
    assert made.reasons() == {"surplus": 6, "duplicate": 1, "no-face": 1, "unreadable": 1}
    by_reason = {rejection.reason: rejection for rejection in made.rejected}
    twins = (portraits[7].name, "again.png")
    assert by_reason["duplicate"].message in [f"the same picture as {name}" for name in twins]
    assert "no face was found" in by_reason["no-face"].message and by_reason["no-face"].photo.endswith("wall.png")
    assert "broken.jpg" in by_reason["unreadable"].message
    assert all(face.yaw is not None and 0 < face.brightness < 1 for face in made.faces)


def test_the_order_of_the_photos_makes_no_difference(
    made: CalibrationSet, portraits: list[Path], finder: MediaPipeFinder, small_bundle: Bundle, tmp_path: Path
) -> None:
    again = collect(portraits[::-1], small_bundle, finder, tmp_path / "set", "", count=64)
    first = collect(portraits, small_bundle, finder, tmp_path / "set", "", count=64)
    assert again.faces == first.faces and again.hash == first.hash != ""


def test_too_few_faces_leave_nothing(
    portraits: list[Path], finder: MediaPipeFinder, small_bundle: Bundle, tmp_path: Path
) -> None:
    photos = [*portraits[:3], tmp_path / "nowhere.png"]
    with pytest.raises(InputError, match=r"at least 64 faces, 3 were found in 4 photos \(left out: 1 unreadable\)"):
        collect(photos, small_bundle, finder, tmp_path / "set", "")
    with pytest.raises(InputError, match="at least 64 faces, asked for 10"):
        collect(photos, small_bundle, finder, tmp_path / "set", "", count=10)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_the_set_that_was_there(
    made: CalibrationSet, portraits: list[Path], finder: MediaPipeFinder, small_bundle: Bundle
) -> None:
    before = sorted(path.name for path in made.folder.rglob("*"))

    def interrupt(name: str, done: float = 0.0, total: float = 0.0) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(portraits, small_bundle, finder, made.folder, "", progress=interrupt)
    assert sorted(path.name for path in made.folder.rglob("*")) == before
    assert [path.name for path in made.folder.parent.iterdir() if path.name.startswith(".")] == []
