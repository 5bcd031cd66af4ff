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


#: The data for a network that the preset takes from the package instead: a new bundle's schema comes from it.
SHIPPED_DATA = "--front PAIRS"


def training_line(folder: Path, stage: str, shipped: bool = False) -> str:
    """Return the command that trains a stage of a bundle; only names of the user's data are left to fill in.

    Args:
        folder: of the bundle.
        stage: one of the stages of `f2p-deploy train`.
        shipped: the preset takes this network from the package, which needs less data.

    Example:
        >>> training_line(Path("my bundle"), "priors")
        "f2p-deploy train priors --bundle 'my bundle' --portraits PHOTOS"
    """
    data = SHIPPED_DATA if shipped else NEEDED_DATA.get(stage, "")
    return f"f2p-deploy train {stage} --bundle {shlex.quote(str(folder))}{f' {data}' if data else ''}"


def no_part_yet(folder: Path, part: str, shipped: bool = False) -> str:
    """Return the sentence that a bundle lacks a network or its priors, with the command that makes it."""
    what = "them" if part.endswith("s") else "it"
    return f"the bundle {folder} has no {part} yet: {training_line(folder, part, shipped)} makes {what}"


def only_a_start(folder: Path, name: str) -> str:
    """Return the sentence that a network was imported as a start only, with the command that trains it."""
    return f"the {name} of {folder} is only a start: {training_line(folder, name)} trains it"
