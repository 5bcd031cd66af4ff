"""The names of a character's files: a run leaves these and no others."""

from f2p_deploy.character import folder_files


def test_no_two_files_have_one_name() -> None:
    names = [value for name, value in vars(folder_files).items() if name.endswith("_FILE")]
    assert len(names) == len(set(names)) == 9
    assert all("/" not in name and name == name.lower() for name in names)
    assert folder_files.PARAMETERS_FILE == "parameters.json", "documented, and named by people"
