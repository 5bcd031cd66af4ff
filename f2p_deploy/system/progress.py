"""The one way in which long work reports how far it is."""

from typing import Protocol


class Progress(Protocol):
    """A function that long work calls now and then: with what it is doing, and how far it is where that is known."""

    def __call__(self, doing: str, done: float = 0.0, total: float = 0.0, /) -> None:
        """Take note.

        Args:
            doing: a few words.
            done: of `total`, with a fraction for what is under way.
            total: in all; 0 where nobody knows.
        """
        ...


def silent(doing: str, done: float = 0.0, total: float = 0.0, /) -> None:
    """Report to nobody."""
