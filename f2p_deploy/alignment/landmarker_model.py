"""MediaPipe's face landmarker model file: where it is looked for, how it is checked, and its download."""

import hashlib
import http.client
import logging
import os
import ssl
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.files import sha256_of, write_whole

logger = logging.getLogger(__name__)

#: MediaPipe's public storage, version float16/1; Apache-2.0.
LANDMARKER_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
LANDMARKER_VARIABLE = "F2P_FACE_LANDMARKER"

#: No version of the model is larger than this; a download that goes on beyond is not the model.
_LARGEST_DOWNLOAD = 64 * 1024 * 1024


def cached_landmarker() -> Path:
    """Return where the download leaves the model: `$XDG_CACHE_HOME` or `~/.cache`, folder `f2p-deploy`."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(cache) if cache else Path.home() / ".cache"
    return folder / "f2p-deploy" / "face_landmarker.task"


def find_landmarker_model(argument: str | Path | None = None) -> Path | None:
    """Return MediaPipe's model file: the argument, else the variable `F2P_FACE_LANDMARKER`, else the cache.

    Args:
        argument: what the user gave with `--landmarker`, if anything.

    Returns:
        The file, or None if nobody named one and the cache has none.

    Raises:
        InputError: a named file is missing or not a MediaPipe face landmarker, or the cached one is not the
            published file.
    """
    named = argument or os.environ.get(LANDMARKER_VARIABLE)
    if named:
        path = Path(named)
        _check_task_file(path, "--landmarker" if argument else LANDMARKER_VARIABLE)
        if sha256_of(path) != LANDMARKER_SHA256:
            logger.warning("%s is not the published face landmarker; it is used because it was named", path)
        return path
    path = cached_landmarker()
    if not path.exists():
        return None
    if sha256_of(path) != LANDMARKER_SHA256:
        raise InputError(f"{path} is not the published face landmarker (wrong SHA-256); delete and download it again")
    return path


def download_landmarker(url: str = LANDMARKER_URL, destination: Path | None = None, timeout: float = 30.0) -> Path:
    """Download MediaPipe's model; only ever called because the user asked for it.

    Args:
        url: where it is published.
        destination: the file to write; the cache if not given.
        timeout: seconds without an answer after which to give up.

    Returns:
        The written file; it appears complete and checked, or not at all.

    Raises:
        F2PError: no answer, a wrong SHA-256, or the folder cannot be written.
    """
    destination = destination or cached_landmarker()
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            content = answer.read(_LARGEST_DOWNLOAD)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise F2PError(
            f"cannot download the face landmarker from {url}: {_why_no_answer(error, timeout)}. Where there is no way "
            "out, download it elsewhere and name the file with --landmarker"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != LANDMARKER_SHA256:
        raise F2PError(
            f"what {url} sent is not the published face landmarker (SHA-256 {found[:12]}..., "
            f"expected {LANDMARKER_SHA256[:12]}...); nothing was kept"
        )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = reason_of(error, "the system gave no reason")
        raise InputError(f"cannot write the face landmarker to {destination}: {reason}") from error
    write_whole(destination, content)
    return destination


def _why_no_answer(error: Exception, timeout: float) -> str:
    """Say why a download failed: a server's status, no answer in time, or the system's words for a connection."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered with status {error.code}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(reason, ssl.SSLError):
        return "the server's certificate cannot be trusted, or the connection is not a secure one"
    if isinstance(reason, OSError):
        return reason_of(reason, "there is no connection")
    return "the answer ended early, or the address is none"


def _check_task_file(path: Path, asked_by: str) -> None:
    if not path.is_file():
        raise InputError(f"{asked_by}: {path} is no file")
    try:
        with zipfile.ZipFile(path) as task:
            parts = set(task.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{asked_by}: {path} is not a MediaPipe task file, or damaged") from error
    if "face_landmarks_detector.tflite" not in parts:
        raise InputError(f"{asked_by}: {path} is a task file, but not of the face landmarker; it holds {sorted(parts)}")
