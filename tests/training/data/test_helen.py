"""Helen's label folders: read, aligned with their pictures, and damaged ones listed by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from f2p_deploy.alignment.landmarks import Landmarks  # noqa: E402
from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.helen import (  # noqa: E402
    align_labelled,
    count_labelled,
    label_files,
    labelled_root,
    list_labelled,
    load_labelled,
)
from f2p_deploy.training.data.portrait_labels import UNKNOWN  # noqa: E402

SIZE, WIDTH, HEIGHT = 64, 120, 150

#: The average face's points, in a picture in which it covers 100 pixels from (10, 20).
POINTS = {name: (10 + 100 * x, 20 + 100 * y) for name, (x, y) in AlignmentTemplate().landmarks.items()}


class FixedFinder:
    """A finder that knows where the face is."""

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        return [Landmarks(POINTS, source="test")]


def write_helen(root: Path, names: list[str], mirrored: bool = False) -> Path:
    """Write pictures and their eleven label files: skin, an eye and a brow on each side, the rest background."""
    (root / "images").mkdir(parents=True)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    middle_x, middle_y = (np.mean([POINTS[name][axis] for name in LANDMARKS]) for axis in (0, 1))
    classes = np.zeros((HEIGHT, WIDTH), np.uint8)
    classes[np.hypot(x - middle_x, y - middle_y) < 45] = HELEN_CLASSES.index("skin")
    sides = ("right", "left") if mirrored else ("left", "right")
    for point, side in zip(("left-eye", "right-eye"), sides, strict=True):
        far = np.hypot(x - POINTS[point][0], y - POINTS[point][1])
        classes[far < 8] = HELEN_CLASSES.index(f"{side}-eye")
    for name in names:
        Image.fromarray(np.repeat(classes[..., None] * 20, 3, axis=2)).save(root / "images" / f"{name}.jpg")
        (root / "labels" / name).mkdir(parents=True)
        for i, path in enumerate(label_files(root / "images" / f"{name}.jpg", root / "labels")):
            Image.fromarray(np.where(classes == i, 255, 0).astype(np.uint8)).save(path)
    return root


def write_lists(root: Path, exemplars: list[str], tuning: list[str], testing: list[str]) -> None:
    for file, names in (("exemplars", exemplars), ("tuning", tuning), ("testing", testing)):
        (root / f"{file}.txt").write_text("".join(f"{i} , {name}\n" for i, name in enumerate(names, 1)))


@pytest.mark.parametrize("mirrored", [False, True])
def test_maps_are_aligned_with_the_picture_and_left_is_left_in_it(mirrored: bool, tmp_path: Path) -> None:
    root = write_helen(tmp_path, ["1_1"], mirrored)
    found = align_labelled(root / "images" / "1_1.jpg", FixedFinder(), root / "labels", AlignmentTemplate(), SIZE)
    assert isinstance(found, dict) and found["pictures"].shape == (SIZE, SIZE, 3)
    for point in ("left-eye", "right-eye"):
        y, x = np.nonzero(found["regions"] == HELEN_CLASSES.index(point))
        place = ((x.mean() + 0.5) / SIZE, (y.mean() + 0.5) / SIZE)
        assert place == pytest.approx(AlignmentTemplate().landmarks[point], abs=0.02)
    known = found["regions"] != UNKNOWN
    drawn = np.abs(found["pictures"][..., 0].astype(int) - 20 * found["regions"])[known]
    assert np.mean(drawn < 12) > 0.9, "labels lie where the picture shows their class"


def test_lists_decide_what_is_held_out_and_the_archive_s_folder_may_be_inside(tmp_path: Path) -> None:
    root = write_helen(tmp_path / "SmithCVPR2013_dataset_resized", ["1_1", "2_1", "3_1", "4_1", "5_1"])
    write_lists(root, ["1_1", "3_1", "absent_1"], ["2_1"], ["4_1"])
    assert labelled_root(tmp_path) == root
    assert [path.stem for path in list_labelled(root)] == ["1_1", "3_1", "2_1", "4_1"]
    assert count_labelled(tmp_path) == (3, 1)
    made = load_labelled(tmp_path, FixedFinder(), AlignmentTemplate(), SIZE, tmp_path / "faces")
    assert [made.names[i] for i in made.held_out] == ["images/4_1.jpg"] and len(made.training) == 3
    assert (made.labels(np.array([0])) != UNKNOWN).any()


def test_missing_damaged_and_other_files_are_listed_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_helen(tmp_path / "helen", ["1_1", "2_1", "3_1", "4_1"])
    paths = {i: label_files(root / "images" / f"{i}_1.jpg", root / "labels") for i in (1, 2, 3, 4)}
    kept = paths[2][7].read_bytes()
    paths[1][3].unlink()
    paths[2][7].write_bytes(kept[:40])
    Image.new("L", (20, 10)).save(paths[3][0])

    def load() -> tuple[str, ...]:
        return load_labelled(root, FixedFinder(), AlignmentTemplate(), SIZE, tmp_path / "faces").names

    assert load() == ("images/4_1.jpg",)
    for sentence in (
        "1_1.jpg: the label file 1_1_lbl03.png is missing",
        "2_1.jpg: the label file 2_1_lbl07.png is damaged",
        "3_1.jpg: the label file 3_1_lbl00.png has 20x10 pixels, the picture 120x150",
    ):
        assert sentence in caplog.text
    assert "3 of 4 photos were left out" in caplog.text
    paths[2][7].write_bytes(kept)
    assert load() == ("images/2_1.jpg", "images/4_1.jpg")


def test_other_layouts_and_damaged_lists_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError, match="should hold Helen's folders images and labels .*, found photos"):
        labelled_root(tmp_path)
    root = write_helen(tmp_path / "helen", ["1_1"])
    (root / "testing.txt").write_text("1 , 1_1\n1_2\n")
    with pytest.raises(InputError, match="testing.txt, line 2 should be a number, a comma and a name"):
        list_labelled(root)
    write_lists(root, [], [], ["7_1"])
    with pytest.raises(InputError, match="holds none of the pictures that the lists"):
        list_labelled(root)


def test_what_is_missing_is_told_before_any_picture_is_aligned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["1_1", "2_1", "3_1", "4_1"]
    root = write_helen(tmp_path / "helen", names)
    count_labelled(root)
    assert "has no exemplars.txt, tuning.txt, testing.txt: the names of pictures decide" in caplog.text
    write_lists(root, ["1_1", "2_1"], ["3_1"], ["4_1"])
    (root / "tuning.txt").unlink()
    with pytest.raises(InputError, match="has no tuning.txt: Helen's lists are .*; put in all of them or none"):
        count_labelled(root)
    write_lists(root, ["1_1", "2_1"], ["3_1"], ["4_1"])
    files = {name: label_files(root / "images" / f"{name}.jpg", root / "labels") for name in names}
    files["2_1"][3].unlink()
    assert count_labelled(root) == (2, 1)
    assert "1 of 4 pictures lack label files and will be left out: 2_1.jpg has no label file 2_1_lbl03" in caplog.text
    for name in names:
        Image.new("L", (20, 10)).save(files[name][0])
    with pytest.raises(InputError, match=r"do not belong together: 1_1_lbl00.png has 20x10 pixels, 1_1.jpg 120x150"):
        count_labelled(root)
    for name in names:
        files[name][0].unlink()
    with pytest.raises(InputError, match="none of the 4 pictures in .* has all label files: 1_1.jpg has no label file"):
        count_labelled(root)
