"""A character is written back, unless its file was changed meanwhile."""

from pathlib import Path

import pytest

from f2p_deploy.character.parameter_files import read_parameters, write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.editor.character_file import ChangedOnDisk, RemovedFromDisk, open_character, save_character, version_of
from f2p_deploy.system.errors import InputError

SCHEMA = load_schema("makehuman")


def test_an_edit_is_written_with_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    write_parameters(path, average(SCHEMA))
    opened = open_character(path, SCHEMA)
    edited = opened.parameters.with_values({"nose.width": 0.75}).lock("nose.width")
    version = save_character(path, edited, opened.version)
    assert read_parameters(path, SCHEMA) == edited and version == version_of(path) != opened.version
    assert [entry.name for entry in tmp_path.iterdir()] == ["parameters.json"]


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ("edited", ChangedOnDisk, "was changed on the disk since it was opened here: open it again, or overwrite it"),
        ("removed", RemovedFromDisk, "was removed or renamed since it was opened here: overwrite writes it anew"),
    ],
)
def test_what_somebody_else_changed_is_overwritten_only_if_asked(
    tmp_path: Path, change: str, kind: type[ChangedOnDisk], sentence: str
) -> None:
    path = tmp_path / "parameters.json"
    write_parameters(path, average(SCHEMA))
    opened = open_character(path, SCHEMA)
    if change == "edited":
        write_parameters(path, opened.parameters.with_values({"nose.width": 0.1}))
    else:
        path.unlink()
    before = version_of(path)
    with pytest.raises(ChangedOnDisk, match=sentence) as raised:
        save_character(path, opened.parameters, opened.version)
    assert type(raised.value) is kind
    assert version_of(path) == before
    save_character(path, opened.parameters, opened.version, overwrite=True)
    assert read_parameters(path, SCHEMA) == opened.parameters


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        save_character(tmp_path / "gone" / "parameters.json", average(SCHEMA), "", overwrite=True)
