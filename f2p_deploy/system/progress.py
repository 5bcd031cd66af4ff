"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Told what is being done: one short line a stage, and how far it is where that is known."""

    def __call__(self, stage: str, done: float = 0.0, total: float = 0.0, /) -> None: ...


def silent(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
    """Progress that nobody follows."""
