"""Writing a file, or a folder, so that it is there whole or not at all."""

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

#: How temporary files and folders of this package begin: their names do not grow with the user's.
PREFIX = ".f2p-"


@contextmanager
def open_whole(path: Path, *, beside: Path | None = None, sync: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write: under a temporary name, renamed over `path` at the end of the block.

    After an error nothing of it is left, and a file that was there before is as it was.

    Args:
        path: where it will stand.
        beside: the folder of the temporary file, on the same disk; that of `path` if not given.
        sync: wait until the disk has it, so that a power cut leaves a whole file, too.

    Raises:
        InputError: the folder is missing or cannot be written, or the disk is full.
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
    """Write a file, whole or not at all; see `open_whole`.

    Raises:
        InputError: the folder is missing or cannot be written; a file that was there before is left as it was.
    """
    with open_whole(path, beside=beside) as file:
        file.write(content)


def require_file(path: Path) -> None:
    """Raise unless a file can be written here: found out before slow work, and nothing is left.

    Raises:
        InputError: a folder is in its place, or its own folder is missing or cannot be written.
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
    """Remove a temporary file or folder, if it is there, to the end even if somebody presses Ctrl-C meanwhile.

    Raises nothing: what went wrong first is what is told.
    """
    with postponed():
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if os.path.lexists(temporary):
            logger.warning("a temporary file stays, it cannot be removed: %s", temporary)


def require_place(folder: Path, marker: str, what: str) -> None:
    """Raise unless a folder of some kind may be written to a place; nothing is touched.

    Args:
        folder: the place.
        marker: the file by which a folder of that kind is known; such a one may be replaced.
        what: the kind, in words: `artifact`.

    Raises:
        InputError: it cannot be written to, or holds something else.
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
    """Write a folder: into a temporary one beside it, renamed at the end of the block if its marker is there.

    After an error, or without the marker, nothing is left and a folder that was there before still is.

    Args:
        folder, marker, what: see `require_place`.

    Raises:
        InputError: the place cannot be written to, or holds something else.
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
    """Put the finished folder in its place; what was there goes only after the new one stands."""
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
