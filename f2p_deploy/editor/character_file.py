"""A character's file that the editor opened: written back only if nobody else has changed it meanwhile."""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.pipeline.drawing import read_character
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of


class ChangedOnDisk(InputError):
    """A file is not as it was when it was opened."""


class RemovedFromDisk(ChangedOnDisk):
    """A file that was opened is no longer there."""


@dataclass(frozen=True)
class OpenedCharacter:
    """A character and the version of its file.

    Args:
        parameters: the character.
        version: SHA-256 of the file's content when it was opened.
    """

    parameters: Parameters
    version: str


def open_character(path: Path, schema: Schema) -> OpenedCharacter:
    """Read a character from a parameter file, see `read_character`.

    Raises:
        InputError: the file cannot be read, or holds no character of this schema.
    """
    version = version_of(path)  # first: a change while it is read is a change after it was opened
    return OpenedCharacter(read_character(path, schema), version)


def save_character(path: Path, parameters: Parameters, version: str, overwrite: bool = False) -> str:
    """Write a character to its file atomically, and return the file's new version.

    Args:
        path: the file.
        parameters: the character; JSON keeps its locks.
        version: of the file when it was opened.
        overwrite: write also if the file was changed since.

    Raises:
        ChangedOnDisk: the file was changed since it was opened.
        RemovedFromDisk: it was removed or renamed.
        InputError: the file cannot be written; the old one is unchanged.
    """
    if not overwrite and version_of(path) != version:
        if not path.exists():
            raise RemovedFromDisk(f"{path} was removed or renamed since it was opened here: overwrite writes it anew")
        raise ChangedOnDisk(f"{path} was changed on the disk since it was opened here: open it again, or overwrite it")
    write_parameters(path, parameters)
    return version_of(path)


def version_of(path: Path) -> str:
    """Return the SHA-256 of a file's content; empty if it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""
