"""MediaPipe's face landmarker model file: search, check and download."""

import logging
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import F2PError, InputError
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

#: How often a download that failed is tried again, one and two seconds later.
RETRIES = 2


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
            logger.warning("%s is not the published face landmarker; it is used because it was named", path)
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
        timeout: seconds without an answer after which to give up; a failed download is tried `RETRIES` times again.
        progress: called with the bytes that have arrived, and all of them.

    Returns:
        The written file; it appears complete and checked, or not at all. One that is there and right is kept.

    Raises:
        MissingDependency: the extra `faces` is not installed.
        F2PError: no answer, a wrong SHA-256, or the folder cannot be written.
    """
    require("faces", "the download of the face landmarker")
    import pooch
    from requests.exceptions import RequestException

    destination = (destination or cached_landmarker()).absolute()
    pooch.get_logger().setLevel("WARNING")
    registry = {destination.name: f"sha256:{LANDMARKER_SHA256}"}
    urls = {destination.name: url}
    store = pooch.create(destination.parent, "", registry=registry, urls=urls, retry_if_failed=RETRIES)
    download = pooch.HTTPDownloader(progressbar=_Bytes(progress), chunk_size=2**16, timeout=timeout)
    try:
        store.fetch(destination.name, downloader=download)
    except RequestException as error:
        raise F2PError(
            f"cannot download the face landmarker from {url}: {_why_no_answer(error, timeout)}. Without a connection, "
            "download it on another machine and name the file with --landmarker"
        ) from error
    except ValueError as error:
        raise F2PError(
            f"the answer of {url} is not the published face landmarker (its SHA-256 is not "
            f"{LANDMARKER_SHA256[:12]}...); nothing was kept"
        ) from error
    except OSError as error:
        reason = reason_of(error, "the system gave no reason")
        raise InputError(f"cannot write the face landmarker to {destination}: {reason}") from error
    return destination


class _Bytes:
    """The progress of a download, as pooch reports it."""

    def __init__(self, progress: Progress) -> None:
        self.total, self._arrived, self._progress = 0, 0, progress

    def update(self, count: int) -> None:
        self._arrived = min(self._arrived + count, self.total or self._arrived + count)  # whole chunks are counted
        self._progress("face landmarker", self._arrived, self.total)

    def reset(self) -> None:
        self._arrived = 0

    def close(self) -> None:
        pass


def _why_no_answer(error: Exception, timeout: float) -> str:
    """Say why a download failed: a server's status, no answer in time, or the system's words for a connection."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"the server answered with status {error.response.status_code}"
    if isinstance(error, exceptions.Timeout):
        return f"no answer within {timeout:g} s"
    if isinstance(error, exceptions.SSLError):
        return "the server's certificate cannot be trusted, or the connection is not a secure one"
    if isinstance(error, exceptions.ConnectionError):
        return next((reason for reason in _system_reasons(error) if reason), "there is no connection")
    # Invalid addresses are the only errors of requests that are also a `ValueError`.
    return "the address is invalid" if isinstance(error, ValueError) else "the answer ended early"


def _system_reasons(error: BaseException | None) -> Iterator[str]:
    """Yield the system's words along the errors that led to one."""
    while error is not None:
        inner = [part for part in (*error.args, getattr(error, "reason", None)) if isinstance(part, BaseException)]
        if isinstance(error, OSError) and error.strerror:
            yield error.strerror
        for part in inner:
            yield from _system_reasons(part)
        error = error.__cause__ or error.__context__


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
