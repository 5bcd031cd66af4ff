"""The folder inside the output folder in which a run makes what it then puts in its place with a rename.

Each process has one of its own and holds a lock in it for as long as it lives, which the system takes back however the
process ends. So the next run knows which of them nobody uses any more, and removes them.
"""

import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import PREFIX

_LOCK = "lock"
_SUFFIX = ".work"

logger = logging.getLogger(__name__)


@contextmanager
def work_folder(out: Path) -> Iterator[Path]:
    """Make the output folder and a work folder in it; the latter is gone at the end of the block.

    Args:
        out: may be there already, with anything in it.

    Raises:
        InputError: it is a file, or cannot be made or written.
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
    """Remove the work folders of runs that were killed, and nothing else."""
    for folder in out.glob(f"{PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            folder.rmdir()  # its process was killed before there was a lock in it
            continue
        try:
            with (folder / _LOCK).open("r+b") as lock:
                _hold(lock)
                logger.info("removing %s, left by a run that was killed", folder)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            logger.info("%s stays: %s", folder, error)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # Windows removes no open file


def _begin(out: Path) -> tuple[Path, BinaryIO]:
    """Make a work folder; return it with the file that must stay open, so that its lock is held."""
    while True:
        folder = out / f"{PREFIX}{uuid4().hex}{_SUFFIX}"
        folder.mkdir()
        try:
            lock = (folder / _LOCK).open("xb")
        except FileNotFoundError:  # another run took it for abandoned in this very moment
            continue
        try:
            _hold(lock)
        except BlockingIOError:  # and so here
            lock.close()
            continue
        except OSError as error:
            logger.info("no locks on this disk, so what a killed run leaves here stays: %s", error)
        if (folder / _LOCK).exists():
            return folder, lock
        lock.close()


def _hold(file: BinaryIO) -> None:
    """Lock an open file.

    Raises:
        OSError: another process holds it, or the disk knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
