"""The work folder inside the output folder, in which a run writes files before it renames them to their final place.

Each process has a separate work folder and holds a lock in it for as long as it lives. The system releases the lock
when the process ends, even if it is killed. The next run can therefore recognise and remove abandoned folders.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.file_lock import hold_lock
from f2p_deploy.system.files import PREFIX

_LOCK = "lock"
_SUFFIX = ".work"

logger = logging.getLogger(__name__)


@contextmanager
def work_folder(out: Path) -> Iterator[Path]:
    """Create the output folder and a work folder in it, and remove the work folder at the end of the block.

    Args:
        out: the output folder; it may exist, with any content.

    Raises:
        InputError: the output folder is a file, or cannot be created or written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"the output folder {out} is a file: choose another place with -o")
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder, lock = _begin(out)
    except OSError as error:
        raise InputError(f"cannot write the output folder {out}: {error.strerror or error}") from error
    try:
        yield folder
    finally:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(out: Path) -> None:
    """Remove the work folders of runs that were killed."""
    for folder in out.glob(f"{PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            folder.rmdir()  # succeeds if its process was killed before it created the lock
            continue
        try:
            with (folder / _LOCK).open("r+b") as lock:
                hold_lock(lock)
                logger.info("removing %s, left by a run that was killed", folder)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            logger.info("%s stays: %s", folder, error)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # again after closing: Windows does not remove open files


def _begin(out: Path) -> tuple[Path, BinaryIO]:
    """Create a work folder; return it with its lock file, which must stay open to hold the lock."""
    while True:
        folder = out / f"{PREFIX}{uuid4().hex}{_SUFFIX}"
        folder.mkdir()
        try:
            lock = (folder / _LOCK).open("xb")
        except FileNotFoundError:  # another run has just removed it as abandoned
            continue
        try:
            hold_lock(lock)
        except BlockingIOError:  # another run is removing it
            lock.close()
            continue
        except OSError as error:
            logger.info("this disk has no locks, so the work folders of killed runs are not removed: %s", error)
        if (folder / _LOCK).exists():
            return folder, lock
        lock.close()
