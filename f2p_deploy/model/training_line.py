"""The command line that trains a part of a bundle, for messages."""

import shlex
from pathlib import Path

#: The data that each stage cannot do without, as words of the command; the folders are the user's own.
NEEDED_DATA = {
    "recognition": "--front PAIRS --varied VARIED_PAIRS",
    "segmentation": "--front PAIRS",
    "surrogate": "--front PAIRS",
    "reader": "--front PAIRS --portraits PHOTOS --labels LABELS.csv",
    "translator": "--front PAIRS --portraits PHOTOS",
    "imitator": "--front PAIRS",
    "refinement": "--front PAIRS --portraits PHOTOS",
    "priors": "--portraits PHOTOS",
}


def training_line(folder: Path, stage: str) -> str:
    """Return the command that trains a stage of a bundle; only names of the user's data are left to fill in.

    Example:
        >>> training_line(Path("my bundle"), "priors")
        "f2p-deploy train priors --bundle 'my bundle' --portraits PHOTOS"
    """
    data = NEEDED_DATA.get(stage, "")
    return f"f2p-deploy train {stage} --bundle {shlex.quote(str(folder))}{f' {data}' if data else ''}"


def no_part_yet(folder: Path, part: str) -> str:
    """Return the sentence that a bundle lacks a network or its priors, with the command that makes it."""
    what = "them" if part.endswith("s") else "it"
    return f"the bundle {folder} has no {part} yet: {training_line(folder, part)} makes {what}"
