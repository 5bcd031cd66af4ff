"""Locks on files, which the system releases when the process ends, even if it is killed."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)


def hold_lock(file: BinaryIO) -> None:
    """Lock an open file until it is closed.

    Raises:
        BlockingIOError: another process holds the lock.
        OSError: the disk does not support locks.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def one_process(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock during the block, so that no other process enters a block with the same file.

    On a disk without locks nothing is held.

    Args:
        path: the file to lock, created with its folder and removed at the end.
        busy: what to say if another process holds it.

    Raises:
        InputError: another process holds the lock, or the file cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        hold_lock(file)
    except BlockingIOError as error:
        file.close()
        raise InputError(busy) from error
    except OSError as error:
        logger.info("this disk has no locks, so nothing keeps two processes apart: %s", error)
    try:
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be removed there
            file.close()
        path.unlink(missing_ok=True)
        file.close()
