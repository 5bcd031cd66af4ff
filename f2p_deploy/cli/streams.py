"""Safe standard streams, even if they are closed, full, non-blocking, or a pipe without a reader."""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from f2p_deploy.system.errors import OutputError, ReaderGone


def look_after() -> None:
    """Make the standard streams safe to write to.

    A closed stream is opened on the null device; otherwise the next file that is opened would get its number, and the
    output of libraries would go into that file. Text that cannot be written to stderr is lost silently. Until `settle`,
    writing to a failing stdout raises `ReaderGone` or `OutputError`, in libraries as well.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _open_if_closed(number, flags)  # opened for reading, so that writes fail as on a closed stream
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _text(sys.stdout, 1, _StandardOutput)
    sys.stderr = _text(sys.stderr, 2, _StandardError)


def settle() -> None:
    """Ignore failing writes from now on, such as Python's final flush, since the outcome is known."""
    _StandardOutput.silent = True


def _open_if_closed(number: int, flags: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


class _Raw(io.RawIOBase):
    """A raw standard stream below Python's buffer; data written after the first failure is discarded."""

    name = ""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self.raw.fileno())

    def isatty(self) -> bool:
        return bool(self.raw.isatty())

    def write(self, data: Any) -> int:
        """Write all data; without a buffer (`python -u`) nothing else would retry what a pipe did not take at once."""
        rest = memoryview(data)
        while len(rest) and self.failure is None:
            try:
                written = self.raw.write(rest)
                if written is None:  # the stream is non-blocking and full
                    select.select([], [self.raw], [])
                rest = rest[written or 0 :]
            except OSError as error:
                self.failure = error
        return len(data)


class _StandardOutput(_Raw):
    name = "<stdout>"
    silent = False

    def write(self, data: Any) -> int:
        written = super().write(data)
        if self.failure is None or self.silent:
            return written
        if isinstance(self.failure, BrokenPipeError):
            raise ReaderGone("the reader of stdout has gone") from self.failure
        closed = self.failure.errno == errno.EBADF
        reason = "it is closed" if closed else self.failure.strerror or str(self.failure)
        raise OutputError(f"cannot write to stdout: {reason}") from self.failure


class _StandardError(_Raw):
    name = "<stderr>"


def _text(stream: TextIO | None, number: int, kind: type[_Raw]) -> TextIO:
    """Return a text stream with the same encoding and buffering over a safe raw stream."""
    if not isinstance(stream, io.TextIOWrapper):
        closed = kind(io.FileIO(number, "w", closefd=False))
        return io.TextIOWrapper(io.BufferedWriter(closed), "utf-8", "replace", line_buffering=number == 2)
    unbuffered = not hasattr(stream.buffer, "raw")  # as with python -u
    raw = kind(stream.buffer if unbuffered else stream.buffer.raw)
    buffer: Any = raw if unbuffered else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,
        stream.encoding,
        "replace",  # a file name that the terminal cannot encode must not end a run
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
