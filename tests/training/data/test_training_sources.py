"""Too little data is reported in numbers before a picture is decoded or a folder created."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.engine.pairs import RECORDS  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training import stages  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits, is_held_out  # noqa: E402
from f2p_deploy.training.data.training_sources import (  # noqa: E402
    FROM_PORTRAITS,
    PORTRAITS_ALONE,
    Sources,
    require_enough,
    require_enough_faces,
)
from f2p_deploy.training.presets import PAPER, SMALL  # noqa: E402


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Forty empty files with names of photos: opening one fails."""
    folder = tmp_path / "people"
    folder.mkdir()
    for i in range(40):
        (folder / f"p{i:04d}.jpg").touch()
    return folder


def enough(stage: str, sources: Sources, **change: int) -> None:
    require_enough(stage, sources, **{"batch": 4, "held_out_pairs": 12, "held_out_characters": 6, **change})


@pytest.mark.parametrize("stage", stages.STAGES)
def test_enough_is_enough(stage: str, disc_pairs: Path, people: Path) -> None:
    enough(stage, Sources(disc_pairs, disc_pairs, (people,)))


@pytest.mark.parametrize(
    ("stage", "change", "sentence"),
    [
        ("imitator", {"held_out_pairs": 500, "batch": 16}, r"imitator needs at least 516 rendered .*, found 60:"),
        ("recognition", {"held_out_pairs": 500}, "needs at least 504 rendered pairs"),
        ("translator", {"held_out_pairs": 500}, "needs at least 504 rendered pairs"),
        ("refinement", {"held_out_pairs": 500}, "needs at least 504 rendered pairs"),
        ("segmentation", {"held_out_characters": 100}, "needs at least 104 rendered pairs"),
        ("recognition", {"held_out_characters": 29}, "needs at least 31 characters in .*, found 30:"),
    ],
)
def test_too_few_pairs_are_counted(
    stage: str, change: dict[str, int], sentence: str, disc_pairs: Path, people: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        enough(stage, Sources(disc_pairs, disc_pairs, (people,)), **change)


def test_characters_that_are_shown_once_teach_nothing(tmp_path: Path, disc_pairs: Path) -> None:
    single = tmp_path / "single"
    shutil.copytree(disc_pairs, single)
    lines = [json.loads(line) for line in (single / RECORDS).read_text().splitlines()]
    (single / RECORDS).write_text("".join(json.dumps(line | {"identity": line["index"]}) + "\n" for line in lines))
    with pytest.raises(InputError, match="several pictures of a character .*--pictures-each"):
        enough("recognition", Sources(disc_pairs, single))


@pytest.mark.parametrize("stage", FROM_PORTRAITS)
def test_too_few_photos_are_counted_by_their_names(stage: str, disc_pairs: Path, people: Path) -> None:
    for photo in sorted(people.iterdir())[1:]:
        photo.unlink()
    with pytest.raises(InputError, match=r"needs at least 2 photos to train on and 1 to judge by, found 1 and 0"):
        enough(stage, Sources(disc_pairs, disc_pairs, (people,)))


def test_too_few_faces_are_counted_when_they_are_known() -> None:
    def portraits(names: list[str], yaw: float) -> Portraits:
        n = len(names)
        return Portraits(
            tuple(names), np.zeros((n, 8, 8, 3), np.uint8), np.zeros((n, 8, 8), np.uint8),
            np.full(n, yaw, np.float32), np.zeros((n, 2, 2), np.float32),
            np.zeros((n, 24), np.float32),
        )  # fmt: skip

    names = [f"people/p{i:04d}.jpg" for i in range(40)]
    require_enough_faces("translator", portraits(names, 0.0))
    none_held = [name for name in names if not is_held_out(name)]
    with pytest.raises(InputError, match=rf"photos with a usable face .* found {len(none_held)} and 0"):
        require_enough_faces("recognition", portraits(none_held, 0.0))
    for stage in PORTRAITS_ALONE:
        with pytest.raises(InputError, match="that look at the camera, found 0"):
            require_enough_faces(stage, portraits(names, 40.0))
    require_enough_faces("segmentation", portraits(names, 40.0))
    require_enough_faces("imitator", portraits([], 0.0))


@pytest.mark.parametrize("preset", [SMALL, PAPER])
def test_a_refused_training_leaves_no_folder(disc_pairs: Path, tmp_path: Path, preset) -> None:
    with pytest.raises(InputError, match="needs at least 516 rendered pairs"):
        stages.train_stage("imitator", tmp_path / "made" / "bundle", preset, Sources(disc_pairs))
    assert not (tmp_path / "made").exists()


def test_nor_does_one_that_is_refused_later(disc_pairs: Path, tmp_path: Path, monkeypatch) -> None:
    """The size of pictures is known only after they are opened."""
    monkeypatch.setattr(stages, "HELD_OUT_PAIRS", 12)
    for folder in (tmp_path / "new", tmp_path / "old"):
        (tmp_path / "old").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="pictures of 128 pixels"):
            stages.train_stage("imitator", folder, SMALL, Sources(disc_pairs))
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]
