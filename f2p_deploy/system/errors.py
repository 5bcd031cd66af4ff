"""What can go wrong for a user, and the exit code the command line gives to each kind."""


class F2PError(Exception):
    """Base of every error that a user can cause or mend; the message is one clear sentence."""

    exit_code = 2


class InputError(F2PError):
    """Wrong usage or bad input: a word, a file, a photo, a number."""

    exit_code = 2


class PhotoError(InputError):
    """A photo that no character can be made from.

    Args:
        reason: one word for tables: `unreadable`, `no-face`, `several-faces`, `too-small` or `turned`.
        message: the sentence for a person.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FloorMissed(F2PError):
    """A parity or quality floor was missed."""

    exit_code = 1


class MissingDependency(F2PError):
    """A package, a file or hardware that the request needs is not here."""

    exit_code = 3


class CompilerError(F2PError):
    """A compiler (exporter, simplifier, engine builder) failed."""

    exit_code = 4


class Interrupted(F2PError):
    """The user stopped a long command; what was done is saved."""

    exit_code = 130


class OutputError(F2PError):
    """The standard output cannot be written: it is closed, or its disk is full."""

    exit_code = 2


class ReaderGone(F2PError):
    """Whoever read the standard output (`head`, a pager) has enough; nothing is said of it."""

    exit_code = 141
