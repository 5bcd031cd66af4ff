import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import LandmarksFile, align, align_photo
from f2p_deploy.system.errors import InputError, PhotoError

IMAGE = np.zeros((200, 240, 3), np.uint8)
FACE = {
    "left-eye": [100, 100],
    "right-eye": [140, 100],
    "nose-tip": [120, 124],
    "mouth-left": [104, 140],
    "mouth-right": [136, 140],
}
HEADER = "photo," + ",".join(f"{name}-{axis}" for name in FACE for axis in "xy")


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def row(name: str, scale: float = 1.0) -> str:
    return f"{name}," + ",".join(str(value * scale) for point in FACE.values() for value in point)


def test_json_gives_the_points_and_the_yaw(tmp_path: Path) -> None:
    path = write(tmp_path / "l.json", {"a.jpg": {**FACE, "yaw": 12.5}})
    (face,) = LandmarksFile(path).find(IMAGE, "a.jpg")
    assert face.points["nose-tip"] == (120, 124)
    assert face.yaw == 12.5 and face.source == "file"


def test_csv_gives_several_faces_largest_first(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", "\n".join([HEADER, row("a.jpg", 0.5), row("a.jpg"), row("b.jpg")]))
    faces = LandmarksFile(path).find(IMAGE, "a.jpg")
    assert [face.points["left-eye"] for face in faces] == [(100, 100), (50, 50)]


def test_a_photo_without_entry_is_a_photo_without_face(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no landmarks") as caught:
        LandmarksFile(write(tmp_path / "l.json", {"a.jpg": FACE})).find(IMAGE, "b.jpg")
    assert caught.value.reason == "no-face"


def test_points_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", "\n".join([HEADER, row("a.jpg", 10)]))
    with pytest.raises(InputError, match="another size"):
        LandmarksFile(path).find(IMAGE, "a.jpg")


def test_points_are_the_files_where_a_photo_is_read_reduced(
    tmp_path: Path, astronaut: np.ndarray, template: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [(203.9, 101.7), (246.4, 103.7), (223.7, 126.0), (202.3, 139.2), (244.5, 140.6)]
    finder = LandmarksFile(write(tmp_path / "l.json", {"a.png": dict(zip(FACE, points, strict=True)) | {"yaw": 3}}))
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    whole = align_photo(tmp_path / "a.png", finder, template, 64)
    monkeypatch.setattr("f2p_deploy.alignment.photo.MOST_KEPT_PIXELS", 100_000)
    reduced = align_photo(tmp_path / "a.png", finder, template, 64)
    assert np.abs(reduced.landmarks.array * 2 - points).max() < 1e-9 and reduced.landmarks.yaw == 3
    assert np.abs(whole.image.astype(float) - reduced.image).mean() < 6
    assert "read at 1/2 of its size" in reduced.warnings[0]


def test_an_upside_down_photo_has_left_where_it_is_upright(
    tmp_path: Path, astronaut: np.ndarray, template: dict
) -> None:
    points = np.array([(203.9, 101.7), (246.4, 103.7), (223.7, 126.0), (202.3, 139.2), (244.5, 140.6)])
    right, wrong = 512 - points, (512 - points)[[1, 0, 2, 4, 3]]
    entries = {
        name: dict(zip(FACE, array.tolist(), strict=True))
        for name, array in {"up": points, "down": right, "exchanged": wrong}.items()
    }
    finder = LandmarksFile(write(tmp_path / "l.json", entries))
    upright = align(astronaut, finder, template, 256, name="up")
    turned = np.ascontiguousarray(astronaut[::-1, ::-1])
    assert np.abs(align(turned, finder, template, 256, name="down").image.astype(int) - upright.image).max() <= 1
    with pytest.raises(InputError, match="exchanged"):
        align(turned, finder, template, 64, name="exchanged")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("l.json", "{", "not valid JSON"),
        ("l.json", "[1]", "one key per photo"),
        ("l.json", {"a.jpg": {**FACE, "left-eye": [1]}}, "a.jpg"),
        ("l.json", {"a.jpg": {"left-eye": [1, 2]}}, "nose-tip"),
        ("l.json", {"a.jpg": "face"}, "a.jpg"),
        ("l.csv", "photo,left-eye-x\na.jpg,1", "left-eye-y"),
        ("l.csv", HEADER + "\n" + row("a.jpg").replace("124", "low"), "line 2"),
        ("l.txt", "", "found 'l.txt'"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, name: str, content: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        LandmarksFile(write(tmp_path / name, content))
