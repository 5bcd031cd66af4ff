"""The data sources of training, and checks that they suffice before any picture is decoded or folder created."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.aligning import FinderProcesses
from f2p_deploy.training.data.helen import count_labelled
from f2p_deploy.training.data.portraits import HELD_OUT_ONE_IN, Portraits, list_photos, photo_is_held_out

#: The stages that learn from pairs of the front view, that require pairs in varied scenes, and that learn from
#: portraits if given. Segmentation also learns from pairs in varied scenes if given.
FROM_FRONT = ("imitator", "recognition", "segmentation", "surrogate", "reader", "translator", "refinement")
FROM_VARIED = ("recognition",)
FROM_PORTRAITS = (
    "recognition",
    "segmentation",
    "surrogate",
    "reader",
    "translator",
    "refinement",
    "priors",
    "shortcut",
)

#: The stages that require portraits.
PORTRAITS_ALONE = ("reader", "translator", "refinement", "priors")


@dataclass(frozen=True)
class Sources:
    """The data sources of training.

    Args:
        front: folder of rendered pairs of the front view; needed by `FROM_FRONT`, and for a new bundle.
        varied: folder of rendered pairs in varied scenes, several pictures of each character; recognition needs it,
            and segmentation learns from it, too.
        portraits: folders of photos.
        finder: of landmarks in the photos.
        labels: table of labels of photos, for the reader.
        labelled: folder of pictures with Helen's label files, for segmentation.
        processes: that find faces; this one if not given.
        finder_key: kind, version and file of the finder.
    """

    front: Path | None = None
    varied: Path | None = None
    portraits: tuple[Path, ...] = ()
    finder: LandmarkFinder | None = None
    labels: Path | None = None
    labelled: Path | None = None
    processes: FinderProcesses | None = None
    finder_key: str = ""

    def require_front(self, purpose: str) -> Path:
        """Return the folder of pairs of the front view.

        Args:
            purpose: what needs it, as the subject of the error message.

        Raises:
            InputError: it was not given.
        """
        if self.front is None:
            raise InputError(
                f"{purpose} needs rendered pairs of the front view (--front DIR): f2p-deploy engine render makes them"
            )
        return self.front


def require_enough(stage: str, sources: Sources, batch: int, held_out_pairs: int, held_out_characters: int) -> None:
    """Raise unless a stage has enough data to train on in addition to what is held out.

    Args:
        stage: name of the stage.
        sources: files are only counted; no picture is read.
        batch: samples of an update.
        held_out_pairs: number of held-out front pairs.
        held_out_characters: number of held-out characters of the varied pairs, and for segmentation of held-out pairs
            of each set.

    Raises:
        InputError: a folder is missing or holds too little; says how much is needed and how much was found.
    """
    held_out = held_out_characters if stage == "segmentation" else held_out_pairs
    if stage in FROM_FRONT:
        front = PairSet(sources.require_front(stage))
        if stage != "reader":  # it measures colours in the pairs and holds none out
            _require_pairs(stage, front, held_out, batch)
    if stage in FROM_VARIED:
        if sources.varied is None:
            raise InputError(
                f"{stage} needs rendered pairs in varied scenes (--varied DIR): f2p-deploy engine render --varied "
                "makes them; weights of others need no training (f2p-deploy bundle import)"
            )
        _require_characters(stage, PairSet(sources.varied), held_out_characters)
    if stage == "segmentation" and sources.varied is not None:
        _require_pairs(stage, PairSet(sources.varied), held_out, batch)
    require_portraits(stage, sources)


def require_portraits(stage: str, sources: Sources) -> None:
    """Raise unless a stage has enough portraits, as far as their number tells.

    Raises:
        InputError: there are none, or too few; says how many are needed and how many were found.
    """
    if stage == "segmentation" and sources.labelled is not None:
        _require_photos(stage, *count_labelled(sources.labelled), f"labelled pictures in {sources.labelled}")
    if stage in PORTRAITS_ALONE and not sources.portraits:
        raise InputError(f"{stage} learns from real faces: name folders of portraits (--portraits DIR)")
    if stage in FROM_PORTRAITS and sources.portraits:
        photos = list_photos(sources.portraits)
        held = sum(map(photo_is_held_out, photos))
        _require_photos(stage, len(photos) - held, held, "photos")


def require_enough_faces(stage: str, portraits: Portraits) -> None:
    """Raise unless a stage has enough photos with a usable face.

    Raises:
        InputError: says how many are needed and how many were found.
    """
    if stage not in FROM_PORTRAITS:
        return
    _require_photos(stage, len(portraits.training), len(portraits.held_out), "photos with a usable face")
    if stage in PORTRAITS_ALONE and len(portraits.frontal) < 2:
        raise InputError(
            f"{stage} needs at least 2 photos of faces that look at the camera, found {len(portraits.frontal)} "
            f"({portraits.front_view.described}): add photos, or change the preset's limits"
        )


def _require_pairs(stage: str, pairs: PairSet, held_out: int, batch: int) -> None:
    needed = held_out + batch
    if len(pairs) < needed:
        raise InputError(
            f"{stage} needs at least {needed} rendered pairs in {pairs.folder}, found {len(pairs)}: "
            f"the last {held_out} are kept out of training, and an update takes {batch}; render more"
        )


def _require_characters(stage: str, pairs: PairSet, held_out: int) -> None:
    names, counts = np.unique(pairs.identities, return_counts=True)
    if len(names) < held_out + 2:
        raise InputError(
            f"{stage} needs at least {held_out + 2} characters in {pairs.folder}, found {len(names)}: "
            f"the last {held_out} are kept out of training, and two are the fewest to tell apart; render more"
        )
    if not (counts[-held_out:] > 1).any():
        raise InputError(
            f"{stage} needs several pictures of a character in {pairs.folder}, found one of each: "
            "f2p-deploy engine render --varied --pictures-each 4 makes them"
        )


def _require_photos(stage: str, training: int, held_out: int, what: str) -> None:
    if training < 2 or held_out < 1:
        raise InputError(
            f"{stage} needs at least 2 {what} to train on and 1 to judge by, found {training} and {held_out}: "
            f"one in {HELD_OUT_ONE_IN} is kept out of training, by its name; add photos"
        )
