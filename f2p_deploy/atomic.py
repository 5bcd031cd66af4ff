"""Writing a file so that it is there whole or not at all."""

import os
from pathlib import Path
from uuid import uuid4

from f2p_deploy.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name in the same folder, then rename it over `path`.

    Raises:
        InputError: the folder is missing or cannot be written; a file that was there before is left as it was.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        _discard(temporary)


def _discard(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot remove the temporary file {temporary}: {error.strerror or error}") from error
