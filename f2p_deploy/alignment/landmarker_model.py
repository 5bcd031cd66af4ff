"""MediaPipe's face landmarker model file: search, check and download."""

import logging
import os
import zipfile
from functools import cache
from pathlib import Path

from f2p_deploy.system.downloads import Published, download_published
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.progress import Progress, silent

logger = logging.getLogger(__name__)

#: MediaPipe's public storage, version float16/1; Apache-2.0.
LANDMARKER_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
LANDMARKER_VARIABLE = "F2P_FACE_LANDMARKER"


def cached_landmarker() -> Path:
    """Return where the download leaves the model: the user's cache folder, such as `~/.cache/f2p-deploy` on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("f2p-deploy", appauthor=False) / "face_landmarker.task"


def find_landmarker_model(argument: str | Path | None = None) -> Path | None:
    """Return MediaPipe's model file: the argument, else the variable `F2P_FACE_LANDMARKER`, else the cache.

    Args:
        argument: the value of `--landmarker`, or None.

    Returns:
        The file, or None if none was named and the cache has none.

    Raises:
        InputError: a named file is missing or not a MediaPipe face landmarker, or the cached one is not the
            published file.
    """
    named = argument or os.environ.get(LANDMARKER_VARIABLE)
    if named:
        path = Path(named)
        _check_task_file(path, "--landmarker" if argument else LANDMARKER_VARIABLE)
        if sha256_of(path) != LANDMARKER_SHA256:
            _warn_once(path)
        return path
    path = cached_landmarker()
    if not path.exists():
        return None
    if sha256_of(path) != LANDMARKER_SHA256:
        raise InputError(f"{path} is not the published face landmarker (wrong SHA-256); delete and download it again")
    return path


def download_landmarker(
    url: str = LANDMARKER_URL, destination: Path | None = None, timeout: float = 30.0, progress: Progress = silent
) -> Path:
    """Download MediaPipe's model; only ever called because the user asked for it.

    Args:
        url: where it is published.
        destination: the file to write; the cache if not given.
        timeout: seconds without an answer after which to give up, see `download_published`.
        progress: called with the bytes that have arrived, and all of them.

    Returns:
        The written file; it appears complete and checked, or not at all. One that is there and right is kept.

    Raises:
        MissingDependency: the extra `faces` is not installed.
        F2PError: no answer, a wrong SHA-256, or the folder cannot be written.
    """
    require("faces", "the download of the face landmarker")
    published = Published("face landmarker", url, LANDMARKER_SHA256, "name the file with --landmarker")
    return download_published(published, destination or cached_landmarker(), timeout, progress)


@cache
def _warn_once(path: Path) -> None:
    logger.warning("%s is not the published face landmarker; it is used because it was named", path)


def _check_task_file(path: Path, asked_by: str) -> None:
    if not path.is_file():
        raise InputError(f"{asked_by}: {path} is not a file")
    try:
        with zipfile.ZipFile(path) as task:
            parts = set(task.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{asked_by}: {path} is not a MediaPipe task file, or damaged") from error
    if "face_landmarks_detector.tflite" not in parts:
        raise InputError(f"{asked_by}: {path} is a task file, but not of the face landmarker; it holds {sorted(parts)}")
