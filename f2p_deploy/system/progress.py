"""The protocol by which long work reports its progress."""

from typing import Protocol


class Progress(Protocol):
    """A callback for progress: a short name of the stage, the steps done and the steps in total (0 if unknown)."""

    def __call__(self, doing: str, done: float = 0.0, total: float = 0.0, /) -> None:
        """Receive one report.

        Args:
            doing: a few words.
            done: of `total`, with a fraction for what is under way.
            total: in all; 0 where nobody knows.
        """
        ...


def silent(doing: str, done: float = 0.0, total: float = 0.0, /) -> None:
    """Ignore the progress."""
