"""Which photos a run takes, and what their folders are called."""

from pathlib import Path

import pytest

from f2p_deploy.creation.folder_names import folder_names
from f2p_deploy.creation.sources import expand
from f2p_deploy.errors import InputError


def _touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_folder_gives_its_photos_by_name(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "b.PNG", "a.jpg", ".hidden.jpg", "notes.txt")
    (folder / "inner.png").mkdir()
    assert [path.name for path in expand([folder])] == ["a.jpg", "b.PNG"]


def test_each_photo_is_taken_once_in_the_order_named(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg", "y.jpg")
    assert [path.name for path in expand([folder / "y.jpg", folder, folder / "x.jpg"])] == ["y.jpg", "x.jpg"]


def test_a_missing_file_beside_others_stays_to_be_reported(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "a", "x.jpg")
    assert expand([tmp_path / "no.jpg", folder / "x.jpg"])[0] == tmp_path / "no.jpg"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file .*no.jpg, or any of the 1 others"):
        expand([tmp_path / "no.jpg", tmp_path / "neither.jpg"])
    with pytest.raises(InputError, match="has no photo directly in it"):
        expand([_touch(tmp_path / "texts", "notes.txt")])
    with pytest.raises(InputError, match="no photo was named"):
        expand([])


def test_photos_of_one_stem_get_folders_of_their_own() -> None:
    photos = [Path("a/anna.jpg"), Path("b/Anna.png"), Path("anna-2.jpg"), Path("c/anna.webp")]
    assert folder_names(photos) == ("anna", "Anna-2", "anna-2-2", "anna-3")


@pytest.mark.parametrize(
    ("name", "folder"),
    [("index.html.jpg", "index.html-2"), ("...jpg", "photo"), (".anna.jpg", "anna"), ("a. .png", "a")],
)
def test_names_that_no_folder_may_have(name: str, folder: str) -> None:
    assert folder_names([Path(name)]) == (folder,)
