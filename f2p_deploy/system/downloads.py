"""Downloads of published files that the user asked for, checked by their SHA-256."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.progress import Progress, silent

#: How often a download that failed is tried again, one and two seconds later.
RETRIES = 2


@dataclass(frozen=True)
class Published:
    """A file that somebody has published.

    Args:
        what: its name in messages (`face landmarker`).
        url: its address.
        sha256: its SHA-256, hexadecimal.
        otherwise: what a user without a connection does with the file after another machine has downloaded it, as the
            end of a sentence.
    """

    what: str
    url: str
    sha256: str
    otherwise: str


def download_published(
    published: Published, destination: Path, timeout: float = 30.0, progress: Progress = silent
) -> Path:
    """Download a file; the extra that brings pooch must be installed.

    Args:
        published: the file.
        destination: the path to write.
        timeout: seconds without an answer after which to give up; a failed download is tried `RETRIES` times again.
        progress: called with the bytes that have arrived, and all of them.

    Returns:
        The written file; it appears complete and checked, or not at all. One that is there and right is kept.

    Raises:
        F2PError: no answer, or a wrong SHA-256.
        InputError: the folder cannot be written.
    """
    import pooch
    from requests.exceptions import RequestException

    what, destination = published.what, destination.absolute()
    pooch.get_logger().setLevel("WARNING")
    registry = {destination.name: f"sha256:{published.sha256}"}
    urls = {destination.name: published.url}
    store = pooch.create(destination.parent, "", registry=registry, urls=urls, retry_if_failed=RETRIES)
    download = pooch.HTTPDownloader(progressbar=_Bytes(progress, what), chunk_size=2**16, timeout=timeout)
    try:
        store.fetch(destination.name, downloader=download)
    except RequestException as error:
        raise F2PError(
            f"cannot download the {what} from {published.url}: {_why_no_answer(error, timeout)}. Without a connection, "
            f"download it on another machine and {published.otherwise}"
        ) from error
    except ValueError as error:
        raise F2PError(
            f"the answer of {published.url} is not the published {what} (its SHA-256 is not "
            f"{published.sha256[:12]}...); nothing was kept"
        ) from error
    except OSError as error:
        reason = reason_of(error, "the system gave no reason")
        raise InputError(f"cannot write the {what} to {destination}: {reason}") from error
    return destination


class _Bytes:
    """The progress of a download, as pooch reports it."""

    def __init__(self, progress: Progress, what: str) -> None:
        self.total, self._arrived, self._progress, self._what = 0, 0, progress, what

    def update(self, count: int) -> None:
        self._arrived = min(self._arrived + count, self.total or self._arrived + count)  # whole chunks are counted
        self._progress(self._what, self._arrived, self.total)

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
