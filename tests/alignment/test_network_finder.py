"""The built-in finder: its pure functions, and the networks on real photos."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import MediaPipeFinder, NetworkFinder, network_finder, read_photo
from f2p_deploy.alignment.both_ways import EXCHANGED, disagreement
from f2p_deploy.alignment.network_finder import (
    FACE_EDGE,
    PHOTO_EDGE,
    TEMPLATE,
    Detection,
    Reading,
    Square,
    best_detections,
    different,
    square_matrix,
    squares,
    upright_matrix,
)
from f2p_deploy.alignment.warp import inverse, transform
from f2p_deploy.system.errors import MissingDependency

#: MediaPipe's points of the astronaut.
ASTRONAUT = np.array([(203.9, 101.7), (246.4, 103.7), (223.7, 126.0), (202.3, 139.2), (244.5, 140.6)])


@pytest.fixture(scope="module")
def networks() -> NetworkFinder:
    """One finder for all tests: it has no state."""
    return NetworkFinder()


def test_the_astronaut_without_any_extra(networks: NetworkFinder, astronaut: np.ndarray) -> None:
    (face,) = networks.find(astronaut)
    assert disagreement(face.array, ASTRONAUT) < 0.05
    assert face.source == "networks" and face.dense is None and face.shape is not None and face.shape.shape == (24,)
    assert abs(face.yaw or 90) < 15 and abs(face.pitch or 90) < 15


@pytest.mark.parametrize("how", ["cut", "empty", "gone"])
@pytest.mark.parametrize("name", ["detector.onnx", "reader.onnx"])
def test_a_damaged_file_of_the_installation_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    shutil.copytree(Path(network_finder.__file__).parent / "face_finder", tmp_path / "face_finder")
    path = tmp_path / "face_finder" / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if how == "cut" else b"")
    if how == "gone":
        path.unlink()
    monkeypatch.setattr(network_finder, "files", lambda package: tmp_path)
    with pytest.raises(MissingDependency, match=f"needs face_finder/{name}, which is missing or damaged"):
        NetworkFinder().prepare()


def test_portraits_and_their_points(networks: NetworkFinder, finder: MediaPipeFinder, shared: Path) -> None:
    errors = []
    for number in range(0, 147, 20):
        photo = read_photo(shared / "data" / "portraits" / f"p{number:04d}.jpg")
        found = networks.find(photo)
        errors.append(disagreement(found[0].array, finder.find(photo)[0].array) if found else np.inf)
    assert np.median(errors) < 0.03 and max(errors) < 0.12


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found_turned(networks: NetworkFinder, astronaut: np.ndarray, turns: int) -> None:
    (face,) = networks.find(np.rot90(astronaut, turns))
    points = ASTRONAUT
    for _ in range(turns):
        points = np.column_stack([points[:, 1], 512 - points[:, 0]])
    assert disagreement(face.array, points) < 0.05


def test_the_mirror_image_has_the_mirrored_points(networks: NetworkFinder, astronaut: np.ndarray) -> None:
    ((face,), (other,)) = networks.find(astronaut), networks.find(astronaut[:, ::-1])
    assert disagreement((other.array * [-1.0, 1.0] + [512.0, 0.0])[EXCHANGED], face.array) < 0.02
    assert other.yaw == pytest.approx(-(face.yaw or 0), abs=1.5)
    assert np.abs(other.shape - face.shape).max() < 0.1


@pytest.mark.parametrize("name", ["coffee", "rocket", "chelsea", "brick"])
def test_no_face_where_there_is_none(networks: NetworkFinder, name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(pytest.importorskip("skimage.data"), name)()).convert("RGB"))
    assert networks.find(picture) == []


def test_two_faces_largest_first(networks: NetworkFinder, astronaut: np.ndarray) -> None:
    large = np.full((900, 1300, 3), 128, np.uint8)
    large[300:812, 700:1212] = astronaut
    large[40:424, 60:444] = np.asarray(Image.fromarray(astronaut).resize((384, 384)))
    first, second = networks.find(large)
    assert disagreement(first.array, ASTRONAUT + [700, 300]) < 0.06
    assert disagreement(second.array, ASTRONAUT * 0.75 + [60, 40]) < 0.06
    assert NetworkFinder(most_faces=1).find(large)[0].points == first.points


def test_tiny_pictures_and_narrow_ones_have_no_face(networks: NetworkFinder) -> None:
    for shape in ((1, 1, 3), (3, 900, 3), (20, 30, 3)):
        assert networks.find(np.zeros(shape, np.uint8)) == []


def test_the_same_in_every_thread_and_the_photo_is_not_changed(astronaut: np.ndarray) -> None:
    networks, copy, found = NetworkFinder(), astronaut.copy(), []
    threads = [threading.Thread(target=lambda: found.append(networks.find(copy)[0].array)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(copy, astronaut)
    assert all(np.array_equal(one, found[0]) for one in found) and len(found) == 3


def test_squares_hold_the_photo_and_tiles_come_last() -> None:
    searched = list(squares(600, 400))
    assert searched[0] == [(-100.0, 0.0, 600.0, 0)] and searched[1] == [(-300.0, -200.0, 1000.0, 0)]
    assert [square.turns for square in searched[2]] == [1, 3, 2]
    assert len(searched) == 4 and searched[3][0] == (0.0, 0.0, 300.0, 0)
    matrix = square_matrix(searched[0][0])
    assert transform(matrix, np.array([[-100.0, 0.0], [500.0, 600.0]])) == pytest.approx(
        np.array([[0.0, 0.0], [PHOTO_EDGE, PHOTO_EDGE]])
    )


def test_of_near_detections_the_best_stays() -> None:
    rows = np.zeros((5, 6), np.float32)
    rows[0] = (0.5, 50, 50, 20, 1, 0)
    rows[1] = (0.9, 60, 50, 20, 1, 0)  # 10 pixels beside it
    rows[2] = (0.7, 150, 50, 20, 0, 1)
    rows[3] = (0.1, 10, 150, 20, 1, 0)  # not probable enough
    best, other = best_detections(rows, inverse(square_matrix(Square(0.0, 0.0, 2.0 * PHOTO_EDGE))))
    assert (best.x, best.y, best.eyes) == pytest.approx((120, 100, 40)) and best.score == pytest.approx(0.9)
    assert (other.x, other.cos, other.sin) == (300, 0, 1)


def test_a_detection_in_a_turned_square_is_where_it_is_in_the_photo() -> None:
    picture = np.arange(300 * 300).reshape(300, 300)
    row, column = 40, 100
    for turns in range(4):
        there = np.argwhere(np.rot90(picture, turns) == picture[row, column])[0][::-1] + 0.5
        matrix = square_matrix(Square(0.0, 0.0, 300.0, turns))
        scale = PHOTO_EDGE / 300
        rows = np.array([[0.9, *(there * scale), 20.0, 1.0, 0.0]], np.float32)
        (found,) = best_detections(rows, inverse(matrix))
        assert (found.x, found.y) == pytest.approx((column + 0.5, row + 0.5), abs=1e-3)
        assert np.degrees(np.arctan2(found.sin, found.cos)) % 360 == pytest.approx(90 * turns, abs=1e-3)


def test_an_upright_close_up_has_the_eyes_level() -> None:
    face = Detection(1.0, 300.0, 200.0, 80.0, float(np.cos(0.7)), float(np.sin(0.7)))
    matrix = upright_matrix(face)
    assert transform(matrix, np.array([[300.0, 200.0]]))[0] == pytest.approx((FACE_EDGE / 2, FACE_EDGE / 2))
    right = np.array([[300.0, 200.0]]) + 80.0 * np.array([np.cos(0.7), np.sin(0.7)])
    eyes = (TEMPLATE[1][0] - TEMPLATE[0][0]) * FACE_EDGE
    assert transform(matrix, right)[0] == pytest.approx((FACE_EDGE / 2 + eyes, FACE_EDGE / 2))


def test_two_readings_of_a_face_are_one() -> None:
    def reading(x: float, face: float) -> Reading:
        return Reading(np.array(TEMPLATE) * 100 + [x, 0.0], face, 0.0, 0.0, 0.0, np.zeros(24))

    kept = different([reading(0, 0.7), reading(3, 0.9), reading(200, 0.8)])
    assert [one.face for one in kept] == [0.9, 0.8]
