"""The choice of photos to measure: the split is that of training."""

from pathlib import Path

import pytest
from PIL import Image

from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.photo_choice import photo_name, select_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty photos."""
    place = tmp_path / "faces"
    place.mkdir()
    for i in range(40):
        Image.new("L", (8, 8)).save(place / f"{i:02}.png")
    return place


def test_the_split_is_that_of_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from f2p_deploy.training.data.portraits import is_held_out

    held_out, training = (select_photos([folder], only) for only in ("held-out", "training"))
    assert [photo.name for photo in held_out] == [
        photo.name for photo in sorted(folder.iterdir()) if is_held_out(f"faces/{photo.name}")
    ]
    assert 0 < len(held_out) < len(training)
    assert set(held_out) | set(training) == set(select_photos([folder])) and len(held_out) + len(training) == 40
    monkeypatch.chdir(folder)
    assert [photo.name for photo in select_photos([Path()], "held-out")] == [photo.name for photo in held_out]
    assert photo_name(Path("00.png")) == "faces/00.png"


def test_the_limit_comes_after_the_split(folder: Path) -> None:
    pytest.importorskip("torch")
    assert select_photos([folder], "held-out", 2) == select_photos([folder], "held-out")[:2]
    assert len(select_photos([folder], limit=3)) == 3


def test_what_cannot_be_selected(folder: Path) -> None:
    with pytest.raises(InputError, match="no split named 'held'. Did you mean 'held-out'"):
        select_photos([folder], "held")
    with pytest.raises(InputError, match="there is no file"):
        select_photos([folder / "gone.png"])
    pytest.importorskip("torch")
    taken = select_photos([folder], "training")[0]
    with pytest.raises(InputError, match="none of the 1 photos is in the split 'held-out'"):
        select_photos([taken], "held-out")
