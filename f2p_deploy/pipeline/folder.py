"""A character's folder in the output folder: checked before slow work, filled elsewhere, put into its place whole."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from f2p_deploy.character.folder_files import (
    ALIGNED_FILE,
    CHARACTER_FILE,
    DRAWN_FILE,
    ENGINE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    RESULT_FILE,
)
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import PREFIX
from f2p_deploy.system.interruption import postponed

#: All files of a character that are ours to replace or remove. The one that says what the others are is the last.
_OURS = (PARAMETERS_FILE, ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, DRAWN_FILE, PHOTO_FILE, RESULT_FILE)


def prepare_folder(out: Path, names: Sequence[str]) -> None:
    """Make an output folder, and find out now whether it can be written.

    Args:
        out: may be there already, with anything in it.
        names: the folders that will be made in it.

    Raises:
        InputError: it cannot be made or written, or a file lies where a folder is needed.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"the output folder {out} is a file: choose another place with -o")
    probe = out / f"{PREFIX}{uuid4().hex}.part"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with postponed():
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise InputError(f"cannot write the output folder {out}: {error.strerror or error}") from error
    for name in names:
        if (out / name).exists() and not (out / name).is_dir():
            raise InputError(f"{out / name} is a file where a folder is needed: choose another place with -o")


@contextmanager
def character_folder(work: Path, folder: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; at the end of the block its files stand in `folder`.

    After an error nothing of it is left, and what an earlier run made is as it was. Files that are not ours stay.

    Args:
        work: where the temporary folder is made, see `work_folder`; on the disk of `folder`.
        folder: the character's.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    temporary = work / uuid4().hex
    try:
        temporary.mkdir()
        yield temporary
        _move_in(temporary, folder)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_in(temporary: Path, folder: Path) -> None:
    """Put finished files in their place; all of them are complete, so only renames are left to do.

    An earlier character ends with the file that tells of it, and the new one begins with its own: a run that is killed
    in between leaves a folder that nobody takes for a character.
    """
    if not folder.exists():
        temporary.rename(folder)
        return
    made = {path.name for path in temporary.iterdir()}
    (folder / RESULT_FILE).unlink(missing_ok=True)
    for name in _OURS:
        if name in made:
            os.replace(temporary / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
