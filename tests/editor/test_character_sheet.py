"""The contact sheet: entries, their states from one day to the next, and small pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.editor.character_sheet import REVIEW_FILE, THUMBNAIL, CharacterSheet
from f2p_deploy.system.errors import InputError


def states(folder: Path) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in CharacterSheet(folder).entries()}


def test_a_review_goes_on_tomorrow(run_folder: Path) -> None:
    sheet = CharacterSheet(run_folder)
    assert states(run_folder) == {"anna": "open", "ben & co": "open"}
    sheet.set_kept("anna", True)
    sheet.note_changed("ben & co")
    sheet.set_kept("ben & co", True)
    assert states(run_folder) == {"anna": "kept", "ben & co": "changed"}
    sheet.set_kept("ben & co", False)
    assert states(run_folder) == {"anna": "kept", "ben & co": "open"}
    assert set(json.loads((run_folder / REVIEW_FILE).read_text())["entries"]) == {"anna"}


def test_another_character_of_the_name_is_not_looked_at(run_folder: Path) -> None:
    CharacterSheet(run_folder).set_kept("anna", True)
    path = run_folder / "anna" / "parameters.json"
    path.write_text(path.read_text() + "\n")
    assert states(run_folder)["anna"] == "open"


@pytest.mark.parametrize("name", ["", "..", "../out/anna", "anna/..", "review.json"])
def test_only_entries_are_reached(run_folder: Path, name: str) -> None:
    sheet = CharacterSheet(run_folder)
    with pytest.raises(InputError, match="no entry"):
        sheet.path(name)
    with pytest.raises(InputError, match="no entry"):
        sheet.set_kept(name, True)
    assert not (run_folder / REVIEW_FILE).exists()


@pytest.mark.parametrize(
    ("content", "sentence"), [("{", "is damaged"), ("[]", "is no review"), ('{"format": "mine"}', "is no review")]
)
def test_a_file_that_is_no_review_is_left_alone(run_folder: Path, content: str, sentence: str) -> None:
    (run_folder / REVIEW_FILE).write_text(content)
    with pytest.raises(InputError, match=sentence):
        CharacterSheet(run_folder)
    assert (run_folder / REVIEW_FILE).read_text() == content


def test_a_folder_without_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no characters: name an output folder of f2p-deploy run"):
        CharacterSheet(tmp_path)


def test_the_small_picture_is_that_of_the_run_until_it_is_edited(run_folder: Path) -> None:
    sheet = CharacterSheet(run_folder)
    assert sheet.thumbnail("anna") is None
    Image.fromarray(np.full((256, 256, 3), 90, np.uint8)).save(run_folder / "anna" / "character.png")
    small = sheet.thumbnail("anna")
    assert small is not None and small.shape == (THUMBNAIL, THUMBNAIL, 3) and (small == 90).all()
    (run_folder / "anna" / "result.json").write_text('{"parameters_sha256": "another"}')
    assert sheet.thumbnail("anna") is None
    Image.fromarray(np.full((256, 256, 3), 90, np.uint8)).save(run_folder / "anna" / "aligned.png")
    assert sheet.small_face("anna").shape == (THUMBNAIL, THUMBNAIL, 3)
    with pytest.raises(InputError, match="no face of 'ben & co'"):
        sheet.small_face("ben & co")
    shutil.rmtree(run_folder / "ben & co")
    assert sheet.thumbnail("ben & co") is None
