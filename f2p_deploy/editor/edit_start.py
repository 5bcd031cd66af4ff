"""What `f2p-deploy edit` opens: nothing, a photo, a character, or the contact sheet of a folder."""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.alignment import open_photo
from f2p_deploy.character.folder_files import PARAMETERS_FILE
from f2p_deploy.editor.character_sheet import CharacterSheet
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

#: Suffixes of parameter files; any other file is taken for a photo.
_PARAMETERS = (".json", ".csv", ".f32", ".bin")


@dataclass(frozen=True)
class EditStart:
    """What was named on the command line; at most one of the three is given.

    Args:
        path: the file or folder; None for nothing.
        photo: the content of the photo's file, which can be decoded.
        character: the character's parameter file.
        sheet: the contact sheet.
    """

    path: Path | None = None
    photo: bytes | None = None
    character: Path | None = None
    sheet: CharacterSheet | None = None

    @property
    def name(self) -> str:
        """The name of what was opened: the folder's for a character that `run` made, else the file's without suffix."""
        if self.path is None:
            return ""
        path = self.path.absolute()
        if self.character is not None and self.character.name == PARAMETERS_FILE:
            return shown(self.character.absolute().parent.name)
        return shown(path.name if self.sheet is not None else path.stem)


def find_start(path: Path | None) -> EditStart:
    """Return what a path names, after all checks that need no network.

    A character's folder stands for the `parameters.json` in it, any other folder is a contact sheet.

    Raises:
        PhotoError: a photo that cannot be read.
        InputError: there is no such file, or a folder without characters.
    """
    if path is None:
        return EditStart()
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except OSError as error:  # such as a name that is too long
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if not exists:
        raise InputError(f"there is no file or folder {path}")
    if is_folder and not (path / PARAMETERS_FILE).is_file():
        return EditStart(path, sheet=CharacterSheet(path))
    if is_folder:
        return EditStart(path, character=path / PARAMETERS_FILE)
    if path.suffix.lower() in _PARAMETERS:
        return EditStart(path, character=path)
    open_photo(path)
    return EditStart(path, photo=path.read_bytes())
