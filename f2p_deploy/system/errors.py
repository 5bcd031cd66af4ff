"""The errors that a user can meet, and the exit code of each kind on the command line."""


class F2PError(Exception):
    """The base class of errors that a user can cause or fix; the message is one clear sentence."""

    exit_code = 2


class InputError(F2PError):
    """Wrong usage or bad input: an option, a file, a photo, a number."""

    exit_code = 2


class PhotoError(InputError):
    """A photo from which no character can be made.

    Args:
        reason: one word for tables: `unreadable`, `no-face`, `several-faces`, `too-small` or `turned`.
        message: the message for the user.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["PhotoError"], tuple[str, str]]:
        """Return what another process makes the same error of."""
        return type(self), (self.reason, str(self))


class FloorMissed(F2PError):
    """A parity or quality threshold was missed."""

    exit_code = 1


class MissingDependency(F2PError):
    """A package, a file or hardware that the request needs is missing."""

    exit_code = 3


class CompilerError(F2PError):
    """A compiler (exporter, simplifier, engine builder) failed."""

    exit_code = 4


class Interrupted(F2PError):
    """The user stopped a long command; the finished part is saved."""

    exit_code = 130


class OutputError(F2PError):
    """The standard output cannot be written to: it is closed, or its disk is full."""

    exit_code = 2


class ReaderGone(F2PError):
    """The reader of the standard output (`head`, a pager) has closed it; no message is printed."""

    exit_code = 141
