"""Atomic writes of files and folders: each is there whole or not at all."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.interruption import postponed

logger = logging.getLogger(__name__)

#: Prefix of this package's temporary files and folders. Their names do not contain the user's, which may be long.
PREFIX = ".f2p-"


@contextmanager
def open_whole(path: Path, *, beside: Path | None = None, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file for writing, and rename it to `path` at the end of the block.

    After an error the temporary file is deleted, and a file that was there before is not changed.

    Args:
        path: the file to write.
        beside: the folder of the temporary file, on the same disk; the folder of `path` if None.
        sync: wait until the data is on the disk, so that the file is whole even after a power cut.

    Raises:
        InputError: the folder is missing or cannot be written to, or the disk is full.
    """
    temporary = (beside or path.absolute().parent) / f"{PREFIX}{uuid4().hex}.part"
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        discard(temporary)


def write_whole(path: Path, content: bytes, *, beside: Path | None = None) -> None:
    """Write a file atomically, see `open_whole`.

    Raises:
        InputError: the folder is missing or cannot be written to; a file that was there before is not changed.

    Example:
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> write_whole(path, b"whole")
        >>> path.read_bytes()
        b'whole'
    """
    with open_whole(path, beside=beside) as file:
        file.write(content)


def require_file(path: Path) -> None:
    """Check, before slow work, that a file can be written; the check leaves no file.

    Raises:
        InputError: the path is a folder, or its parent folder is missing or cannot be written to.
    """
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    probe = path.absolute().parent / f"{PREFIX}{uuid4().hex}.part"
    try:
        with postponed():
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def discard(temporary: Path) -> None:
    """Delete a temporary file or folder if it exists; Ctrl-C waits until this is finished.

    It raises nothing, so that an earlier error is the one that is reported.
    """
    with postponed():
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if os.path.lexists(temporary):
            logger.warning("a temporary file cannot be deleted: %s", temporary)


def require_place(folder: Path, marker: str, what: str) -> None:
    """Check that a folder of some kind may be written to a path, without changing anything.

    Args:
        folder: the path.
        marker: name of the file that identifies a folder of that kind, which may be replaced.
        what: the kind in words (`artifact`).

    Raises:
        InputError: the path cannot be written to, or holds something else.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / marker).is_file() or not any(folder.iterdir()))):
        article = "an" if what[0] in "aeiou" else "a"
        raise InputError(
            f"{folder} exists and is not {article} {what}, so it is not replaced: choose another place with -o"
        )
    parent = next(place for place in folder.absolute().parents if place.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)):
        reason = "cannot be written to" if parent.is_dir() else "is not a folder"
        raise InputError(f"cannot write the {what} {folder}: {parent} {reason}")


@contextmanager
def write_folder(folder: Path, marker: str, what: str) -> Iterator[Path]:
    """Create a temporary folder, and rename it to `folder` at the end of the block if it holds its marker.

    After an error, or without the marker, the temporary folder is deleted and a folder that was there stays.

    Args:
        folder, marker, what: see `require_place`.

    Raises:
        InputError: the path cannot be written to, or holds something else.
    """
    require_place(folder, marker, what)
    temporary = folder.absolute().parent / f"{PREFIX}{uuid4().hex}"
    try:
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            temporary.mkdir(0o700)
        except OSError as error:
            raise InputError(f"cannot write the {what} {folder}: {error.strerror or error}") from error
        yield temporary
        if (temporary / marker).is_file():
            try:
                temporary.chmod(0o755)
                with postponed():  # between the two renames neither folder is in its place
                    _replace(temporary, folder.absolute())
            except OSError as error:
                raise InputError(f"cannot write the {what} {folder}: {error.strerror or error}") from error
    finally:
        discard(temporary)


def _replace(temporary: Path, folder: Path) -> None:
    """Move the finished folder to its path; an old folder there is deleted only after that."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        temporary.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
