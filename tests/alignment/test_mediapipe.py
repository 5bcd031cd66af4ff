import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import MediaPipeFinder, read_photo
from f2p_deploy.errors import InputError

#: The astronaut's eyes, found by eye.
EYES = np.array([(204.0, 102.0), (246.0, 104.0)])


def eyes_of(face) -> np.ndarray:
    return face.array[:2]


def test_the_astronaut(finder: MediaPipeFinder, astronaut: np.ndarray) -> None:
    (face,) = finder.find(astronaut)
    assert np.abs(eyes_of(face) - EYES).max() < 3
    assert face.dense.shape == (478, 2)
    assert face.eye_distance == pytest.approx(60, abs=3)
    assert abs(face.yaw) < 5 and abs(face.pitch) < 20 and abs(face.roll) < 6


def test_yaw_changes_its_sign_in_the_mirror(finder: MediaPipeFinder, shared: Path) -> None:
    photo = read_photo(shared / "data" / "paintings" / "p0022.jpg")
    (face,) = finder.find(photo)
    (mirrored,) = finder.find(photo[:, ::-1])
    assert abs(face.yaw) > 20
    assert mirrored.yaw == pytest.approx(-face.yaw, abs=6)
    assert np.sign(face.points["nose-tip"][0] - eyes_of(face)[:, 0].mean()) == np.sign(face.yaw)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_sideways_photo(finder: MediaPipeFinder, astronaut: np.ndarray, quarters: int) -> None:
    (face,) = finder.find(np.rot90(astronaut, quarters))
    x, y = EYES.T
    expected = {1: (y, 512 - x), 2: (512 - x, 512 - y), 3: (512 - y, x)}[quarters]
    assert np.abs(eyes_of(face) - np.stack(expected, axis=1)).max() < 4
    assert abs(face.yaw) < 8


def test_a_crop_without_room_around_the_face(finder: MediaPipeFinder, astronaut: np.ndarray) -> None:
    (face,) = finder.find(astronaut[80:165, 180:265])
    assert np.abs(eyes_of(face) - (EYES - (180, 80))).max() < 4


@pytest.mark.parametrize("edge", [512, 256])
def test_a_small_face_in_a_large_photo(finder: MediaPipeFinder, astronaut: np.ndarray, edge: int) -> None:
    data = pytest.importorskip("skimage.data")
    large = np.array(Image.fromarray(data.coffee()).resize((3000, 2000), Image.Resampling.BICUBIC))
    large[900 : 900 + edge, 1700 : 1700 + edge] = np.array(Image.fromarray(astronaut).resize((edge, edge)))
    (face,) = finder.find(large)
    assert np.abs(eyes_of(face) - (EYES * edge / 512 + (1700, 900))).max() < 4


def test_two_people_largest_first(finder: MediaPipeFinder, shared: Path) -> None:
    faces = finder.find(read_photo(shared / "data" / "photos" / "openimages_face_959ec6a16e85dc22.jpg"))
    assert len(faces) == 2
    assert faces[0].area > faces[1].area


def test_no_face_in_a_cup_of_coffee(finder: MediaPipeFinder) -> None:
    assert finder.find(pytest.importorskip("skimage.data").coffee()) == []


def test_a_file_that_mediapipe_does_not_take(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    (tmp_path / "bad.task").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"bad\.task"):
        MediaPipeFinder(tmp_path / "bad.task")


def test_nothing_is_written_to_standard_error(landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    code = (
        "import sys; from pathlib import Path; import numpy as np; from f2p_deploy.alignment import MediaPipeFinder\n"
        "finder = MediaPipeFinder(Path(sys.argv[1])); finder.find(np.zeros((99, 99, 3), np.uint8))"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(landmarker)], capture_output=True, text=True, check=True)
    assert ran.stderr == "" and ran.stdout == ""


@pytest.mark.skipif(os.name == "nt", reason="closes a stream as a shell does")
def test_a_process_without_stderr_loads_a_model_all_the_same() -> None:
    code = """
import os, sys
from f2p_deploy.alignment.mediapipe import _native_messages_logged
with _native_messages_logged():
    pass
assert sys.stderr is None
print("loaded")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2), check=False, text=True
    )
    assert (done.returncode, done.stdout) == (0, "loaded\n")
