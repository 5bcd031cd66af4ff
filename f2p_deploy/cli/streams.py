"""The standard streams as the process finds them: closed, full, not blocking, or with nobody at the other end."""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from f2p_deploy.system.errors import OutputError, ReaderGone


def look_after() -> None:
    """Make the standard streams safe to write to, whatever they are.

    A closed one is opened on the null device: else the next file that is opened would take its number, and what any
    library prints would go into it. What cannot be written to stderr is lost without a word. To write to a stdout that
    fails raises `ReaderGone` or `OutputError`, whoever writes, until `settle`.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _open_if_closed(number, flags)  # the null device open for reading refuses what is written, as a closed one does
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _text(sys.stdout, 1, _StandardOutput)
    sys.stderr = _text(sys.stderr, 2, _StandardError)


def settle() -> None:
    """Let nothing that is written fail from now on, such as Python's flush at the end: the outcome is known."""
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
    """A standard stream below Python's buffer; what is written after the first failure goes nowhere."""

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
        """Write all of it: without a buffer (`python -u`), nobody asks again for what a pipe did not take at once."""
        rest = memoryview(data)
        while len(rest) and self.failure is None:
            try:
                written = self.raw.write(rest)
                if written is None:  # somebody made it non-blocking, and it is full
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
    """Return a text stream like the one that is there, over a looked-after one."""
    if not isinstance(stream, io.TextIOWrapper):
        closed = kind(io.FileIO(number, "w", closefd=False))
        return io.TextIOWrapper(io.BufferedWriter(closed), "utf-8", "replace", line_buffering=number == 2)
    unbuffered = not hasattr(stream.buffer, "raw")  # as with python -u
    raw = kind(stream.buffer if unbuffered else stream.buffer.raw)
    buffer: Any = raw if unbuffered else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,
        stream.encoding,
        "replace",  # a name that the terminal's encoding lacks must not end a run
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
