import json
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.alignment import LandmarksFile
from f2p_deploy.errors import InputError, PhotoError

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


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("l.json", "{", "not valid JSON"),
        ("l.json", "[1]", "one key a photo"),
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
