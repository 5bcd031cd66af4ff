from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import Landmarks, MediaPipeFinder, align, align_photo, read_photo
from f2p_deploy.alignment.landmarks import five_points
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.system.errors import InputError, PhotoError

FACE = np.array([(100.0, 100), (140, 100), (120, 124), (104, 140), (136, 140)])


class Known:
    """A finder that returns fixed faces."""

    def __init__(self, *faces: Landmarks) -> None:
        self.faces = list(faces)

    def find(self, image: np.ndarray, name: str | None = None) -> list[Landmarks]:
        return self.faces


def known(scale: float = 1.0, yaw: float = 0.0) -> Known:
    return Known(Landmarks(five_points(FACE * scale), "file", yaw=yaw))


def two_people(shared: Path) -> Path:
    return shared / "data" / "photos" / "openimages_face_959ec6a16e85dc22.jpg"


@pytest.mark.parametrize("size", [128, 256, 512])
def test_the_points_land_on_the_template(
    finder: MediaPipeFinder, astronaut: np.ndarray, template: dict, size: int
) -> None:
    aligned = align(astronaut, finder, template, size)
    assert aligned.image.shape == (size, size, 3) and aligned.image.dtype == np.uint8
    target = np.array([template[name] for name in LANDMARKS])
    landed = transform(aligned.matrix, aligned.landmarks.array) / size
    assert np.sqrt(((landed - target) ** 2).sum(axis=1).mean()) == pytest.approx(aligned.residual)
    assert aligned.residual < 0.05
    found_again = finder.find(aligned.image)[0].array / size
    assert np.abs(found_again - landed).max() < 0.03
    assert aligned.warnings == () and aligned.faces == 1 and aligned.face == 1
    assert 0.5 < aligned.brightness < 0.9


def test_a_turned_and_shrunk_photo_gives_the_same_face(
    finder: MediaPipeFinder, shared: Path, template: dict
) -> None:
    photo = Image.open(shared / "data" / "portraits" / "p0003.jpg").convert("RGB")
    straight = align(np.array(photo), finder, template, 128)
    changed = photo.rotate(20, Image.Resampling.BICUBIC, expand=True).resize((400, 480), Image.Resampling.LANCZOS)
    turned = align(np.array(changed), finder, template, 128)
    assert abs(turned.landmarks.roll - straight.landmarks.roll + 20) < 4
    inner = np.s_[30:100, 35:95]
    difference = straight.image[inner].astype(float) - turned.image[inner]
    assert np.abs(difference).mean() < 14


def test_several_faces_are_named_and_chosen(finder: MediaPipeFinder, shared: Path, template: dict) -> None:
    largest = align_photo(two_people(shared), finder, template, 64)
    assert largest.faces == 2 and largest.face == 1
    assert "2 faces" in largest.warnings[0] and "--face 2" in largest.warnings[0]
    second = align_photo(two_people(shared), finder, template, 64, face=2)
    assert second.face == 2 and second.warnings == ()
    assert second.landmarks.points["nose-tip"][0] > largest.landmarks.points["nose-tip"][0] + 50


def test_several_faces_can_be_refused(finder: MediaPipeFinder, shared: Path, template: dict) -> None:
    with pytest.raises(PhotoError, match="2 faces") as caught:
        align_photo(two_people(shared), finder, template, 64, several="refuse")
    assert caught.value.reason == "several-faces"
    assert str(caught.value).startswith("openimages_face_959ec6a16e85dc22.jpg: ")
    assert align_photo(two_people(shared), finder, template, 64, several="refuse", face=1).face == 1


def test_a_face_that_is_not_there(finder: MediaPipeFinder, astronaut: np.ndarray, template: dict) -> None:
    with pytest.raises(InputError, match="face 3 was asked for, but 1 face was found"):
        align(astronaut, finder, template, 64, face=3)
    with pytest.raises(InputError, match="face 0"):
        align(astronaut, finder, template, 64, face=0)


def test_no_face(finder: MediaPipeFinder, template: dict) -> None:
    with pytest.raises(PhotoError, match="no face") as caught:
        align(pytest.importorskip("skimage.data").coffee(), finder, template, 64)
    assert caught.value.reason == "no-face"


def test_a_small_face_is_warned_of_then_refused(finder: MediaPipeFinder, astronaut: np.ndarray, template: dict) -> None:
    def shrunk(edge: int) -> np.ndarray:
        return np.array(Image.fromarray(astronaut).resize((edge, edge), Image.Resampling.LANCZOS))

    (warning,) = align(shrunk(350), finder, template, 64).warnings
    assert "small" in warning and "41 pixels" in warning
    with pytest.raises(PhotoError, match="at least 24") as caught:
        align(shrunk(160), finder, template, 64)
    assert caught.value.reason == "too-small"


def test_a_turned_head_is_warned_of_then_refused(template: dict) -> None:
    image = np.zeros((240, 240, 3), np.uint8)
    assert align(image, known(yaw=25), template, 64).warnings == ()
    (warning,) = align(image, known(yaw=-40), template, 64).warnings
    assert "40 degrees" in warning and "one-shot" in warning
    with pytest.raises(PhotoError, match="75 degrees") as caught:
        align(image, known(yaw=-75), template, 64)
    assert caught.value.reason == "turned"


def test_a_real_half_profile_is_warned_of(finder: MediaPipeFinder, shared: Path, template: dict) -> None:
    aligned = align_photo(shared / "data" / "paintings" / "p0001.jpg", finder, template, 64)
    assert any("turned by 5" in warning for warning in aligned.warnings)


def test_a_face_cut_by_the_edge_is_warned_of(finder: MediaPipeFinder, astronaut: np.ndarray, template: dict) -> None:
    (warning,) = align(astronaut[75:, 185:], finder, template, 64).warnings
    assert "edge" in warning


def test_left_and_right_exchanged_is_found_out(template: dict) -> None:
    exchanged = Known(Landmarks(five_points(FACE[[1, 0, 2, 4, 3]]), "file", yaw=0))
    with pytest.raises(InputError, match="exchanged"):
        align(np.zeros((240, 240, 3), np.uint8), exchanged, template, 64)


def test_an_incomplete_template_and_a_wrong_word(template: dict) -> None:
    image = np.zeros((240, 240, 3), np.uint8)
    with pytest.raises(InputError, match="template"):
        align(image, known(), {"left-eye": (0.4, 0.4)}, 64)
    with pytest.raises(InputError, match="several"):
        align(image, known(), template, 64, several="smallest")  # type: ignore[arg-type]


def test_an_unreadable_photo_is_named(tmp_path: Path, template: dict) -> None:
    (tmp_path / "list.jpg").write_text("milk, bread")
    with pytest.raises(PhotoError, match=r"^list\.jpg: ") as caught:
        align_photo(tmp_path / "list.jpg", known(), template, 64)
    assert caught.value.reason == "unreadable"


def test_the_matrix_maps_pixels_of_the_photo(astronaut: np.ndarray, template: dict, finder: MediaPipeFinder) -> None:
    marked = astronaut.copy()
    aligned = align(astronaut, finder, template, 256)
    x, y = (round(value) for value in aligned.landmarks.points["nose-tip"])
    marked[y - 2 : y + 2, x - 2 : x + 2] = (0, 255, 0)
    fixed = Known(aligned.landmarks)
    green = align(marked, fixed, template, 256).image.astype(int)
    rows, columns = np.nonzero(green[..., 1] - green[..., 0] > 150)
    expected = transform(aligned.matrix, np.array([(x, y)], dtype=float))[0]
    assert np.abs(np.array([columns.mean() + 0.5, rows.mean() + 0.5]) - expected).max() < 1


def test_read_photo_and_align_photo_agree(finder: MediaPipeFinder, shared: Path, template: dict) -> None:
    path = shared / "data" / "photos" / "grace_hopper.bmp"
    assert np.array_equal(
        align_photo(path, finder, template, 96).image, align(read_photo(path), finder, template, 96).image
    )
