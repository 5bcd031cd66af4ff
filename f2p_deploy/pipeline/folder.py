"""A character's folder in the output folder: checked before slow work, and written atomically."""

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
    FORMATS_FOLDER,
    PAGE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    RESULT_FILE,
    TABLE_FILE,
)
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import PREFIX
from f2p_deploy.system.interruption import postponed

#: All files of a character, which may be replaced or removed. The one that describes the others is the last.
_OURS = (PARAMETERS_FILE, ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, DRAWN_FILE, PHOTO_FILE, RESULT_FILE)


def refuse_characters(out: Path) -> None:
    """Raise if a folder holds characters, whose page a measurement's page would replace.

    Raises:
        InputError: it is the folder of a `run`.
    """
    if all((out / name).is_file() for name in (PAGE_FILE, TABLE_FILE)) or any(out.glob(f"*/{RESULT_FILE}")):
        raise InputError(f"{out} holds characters of f2p-deploy run and their page: choose another folder with -o")


def refuse_measurement(out: Path) -> None:
    """Raise if a folder holds the page of a measurement, or another one, which the page of a run would replace.

    Raises:
        InputError: there is a page, but neither characters nor a run's table.
    """
    if (out / PAGE_FILE).is_file() and not (out / TABLE_FILE).is_file() and not any(out.glob(f"*/{RESULT_FILE}")):
        raise InputError(
            f"{out} holds a page that is not of f2p-deploy run ({PAGE_FILE}): choose another folder with -o"
        )


def prepare_folder(out: Path, names: Sequence[str]) -> None:
    """Create the output folder of a measurement, and check that it can be written.

    Args:
        out: the folder; it may exist, with any content.
        names: the folders that will be created in it.

    Raises:
        InputError: it cannot be created or written, holds characters, or there is a file in the place of a folder.
    """
    refuse_characters(out)
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
    """Yield a temporary folder to fill, and move its files to `folder` at the end of the block.

    After an error, no files are left, and the character of an earlier run is unchanged. Other files in `folder` stay.

    Args:
        work: the parent of the temporary folder, see `work_folder`; on the same disk as `folder`.
        folder: the character's folder.

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
    """Move complete files to their place, with renames only.

    The `result.json` of the earlier character is removed first, and the new one is moved last. A run that is killed in
    between leaves a folder that does not count as a character.
    """
    if not folder.exists():
        temporary.rename(folder)
        return
    names = {path.name for path in temporary.iterdir()}
    (folder / RESULT_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / FORMATS_FOLDER, ignore_errors=True)  # of the earlier character
    for name in _OURS:
        if name in names:
            os.replace(temporary / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
