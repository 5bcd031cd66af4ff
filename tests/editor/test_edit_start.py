"""What a path names, and what is refused before anything is loaded."""

from pathlib import Path

import pytest

from f2p_deploy.editor.edit_start import EditStart, find_start
from f2p_deploy.system.errors import InputError, PhotoError


def test_every_kind_of_path(run_folder: Path, photo: Path) -> None:
    parameters = run_folder / "anna" / "parameters.json"
    assert find_start(None) == EditStart()
    assert find_start(parameters).character == parameters
    assert find_start(run_folder / "anna").character == parameters
    sheet = find_start(run_folder).sheet
    assert sheet is not None and sheet.names == ("anna", "ben & co")
    assert find_start(parameters).name == find_start(run_folder / "anna").name == "anna"
    assert (find_start(run_folder).name, find_start(photo).name, find_start(None).name) == ("out", "astronaut", "")
    assert find_start(photo).photo == photo.read_bytes()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file or folder"):
        find_start(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="holds no characters"):
        find_start(tmp_path)
    (tmp_path / "text.jpg").write_text("text")
    with pytest.raises(PhotoError, match="text.jpg: this is not a picture"):
        find_start(tmp_path / "text.jpg")
    with pytest.raises(InputError):
        find_start(tmp_path / ("a" * 5000))
