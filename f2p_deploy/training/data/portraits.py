"""Portrait photos as training data: aligned once, cached on the disk, split by name into training and held-out."""

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.alignment.suffixes import COMMON_FORMATS, SUFFIXES
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.aligning import FinderProcesses, align_one, look_at_all
from f2p_deploy.training.data.celeba import partition_of, photo_folder, without_attributes
from f2p_deploy.training.data.face_cache import INDEX, FaceCache, Rows, cache_key
from f2p_deploy.training.data.front_view import DEFAULT_FRONT_VIEW, FrontView
from f2p_deploy.training.data.pair_tensors import to_float

log = logging.getLogger(__name__)

#: Every n-th photo on average is held out, by the hash of its name.
HELD_OUT_ONE_IN = 8

#: Largest number of held-out photos that an evaluation looks at.
MEASURED = 1000

#: Number of photos named in the warning about those that were left out.
NAMED = 3


@dataclass(frozen=True, eq=False)
class Portraits:
    """Aligned portraits.

    Args:
        names: (N,) names of the photos, folder and file.
        pictures: (N, S, S, 3) uint8 RGB; may be on the disk, so that indexing reads the chosen ones only.
        regions: (N, S, S) uint8 Helen classes, 255 where unknown; as `pictures`.
        yaw: (N,) float32 degrees.
        shapes: (N, K, 2) float32 contour points in edges of the picture, NaN where there is no mesh.
        face_shapes: (N, 24) float32, see `f2p_deploy.character.face_shape`, NaN where there is no mesh.
        sharpness: (N,) float32, see `f2p_deploy.alignment.sharpness`; None if unknown.
        eye_distance: (N,) float32, of the outer eye corners in pixels of the photo; None if unknown.
        pitch: (N,) float32 degrees, NaN where unknown; None if unknown.
        held: (N,) bool, the photos that no stage trains on; None decides by their names.
        front_view: the limits of high-quality front views.
    """

    names: tuple[str, ...]
    pictures: Rows
    regions: Rows
    yaw: np.ndarray
    shapes: np.ndarray
    face_shapes: np.ndarray
    sharpness: np.ndarray | None = None
    eye_distance: np.ndarray | None = None
    pitch: np.ndarray | None = None
    held: np.ndarray | None = None
    front_view: FrontView = DEFAULT_FRONT_VIEW

    @property
    def held_out(self) -> np.ndarray:
        """The positions of the photos that no stage trains on."""
        return np.flatnonzero(self._held)

    @property
    def measured(self) -> np.ndarray:
        """The positions of the held-out photos that evaluations look at: all, or `MEASURED` evenly spread ones."""
        held_out = self.held_out
        if len(held_out) <= MEASURED:
            return held_out
        return held_out[np.linspace(0, len(held_out) - 1, MEASURED).astype(int)]

    @property
    def training(self) -> np.ndarray:
        """The positions of the photos to train on."""
        return np.flatnonzero(~self._held)

    @cached_property
    def frontal(self) -> np.ndarray:
        """The positions of the photos to train on that are high-quality front views."""
        suits = self.front_view.suits(self.yaw, self.pitch, self.sharpness, self.eye_distance)
        return np.flatnonzero(suits & ~self._held)

    @cached_property
    def _held(self) -> np.ndarray:
        """Whether no stage trains on each photo, (N,) bool."""
        if self.held is not None:
            return self.held
        return np.array([is_held_out(name) for name in self.names], bool)

    def images(self, indices: np.ndarray) -> torch.Tensor:
        """Return (B, 3, S, S) float32 RGB in [0, 1]."""
        return to_float(self.pictures[indices])

    def labels(self, indices: np.ndarray) -> torch.Tensor:
        """Return (B, S, S) int64 Helen classes, 255 where unknown."""
        return torch.from_numpy(self.regions[indices].astype(np.int64))


def name_of(photo: Path) -> str:
    """Return a photo's name in `Portraits`, folder and file, whose hash decides whether it is held out."""
    return f"{photo.parent.name}/{photo.name}"


def is_held_out(name: str) -> bool:
    """Return whether the photo of this name is held out from all training."""
    return hashlib.sha256(os.fsencode(name)).digest()[0] % HELD_OUT_ONE_IN == 0


def photo_is_held_out(photo: Path) -> bool:
    """Return whether a photo is held out: by CelebA's partition beside it if there is one, else by its name."""
    part = partition_of(photo)
    return is_held_out(name_of(photo)) if part is None else part != "training"


def load_portraits(
    folders: Sequence[Path],
    finder: LandmarkFinder,
    template: AlignmentTemplate,
    size: int,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    processes: FinderProcesses | None = None,
    finder_key: str = "",
    front_view: FrontView = DEFAULT_FRONT_VIEW,
    without: Sequence[str] = (),
) -> Portraits:
    """Return the aligned photos of some folders; those that an earlier call aligned are read from the cache.

    Pictures and regions stay on the disk. Photos without a usable face are left out, each with a line in the log and in
    the cache's index; a warning says how many. Labels need MediaPipe's 478 points; if another finder found the face,
    all pixels are unknown.

    Args:
        folders: of photos; see `list_photos`.
        finder: of landmarks.
        template: positions of the average face's landmarks.
        size: edge of the aligned faces in pixels.
        cache: folder of the caches; there is one for every template, size and finder.
        progress: called with (photos done, photos in total).
        processes: that find faces; this one if not given.
        finder_key: kind, version and file of the finder.
        front_view: the limits of `Portraits.frontal`.
        without: attributes of CelebA; photos that have one of them are left out.

    Raises:
        InputError: there are no photos, none has a usable face, or the cache cannot be written.
        F2PError: a process was killed.
    """
    listed = list_photos(folders)
    photos = without_attributes(listed, without)
    if listed and not photos:
        raise InputError(
            f"all {len(listed)} photos of {', '.join(map(str, folders))} have an attribute that is left out "
            f"({', '.join(without)}): change `without` in the preset's file"
        )
    if len(photos) < len(listed):
        _tell(f"{len(listed) - len(photos)} of {len(listed)} photos have an attribute that is left out "
              f"({', '.join(without)})")  # fmt: skip
    faces = FaceCache(cache / cache_key(template.landmarks, size, finder_key), size)
    look = partial(align_one, template=template, size=size)
    return cached_portraits(photos, look, faces, finder, progress, processes, front_view)


def cached_portraits(
    photos: Sequence[Path],
    look: Callable[[Path, LandmarkFinder], dict[str, np.ndarray] | str],
    faces: FaceCache,
    finder: LandmarkFinder,
    progress: Callable[[int, int], None] | None = None,
    processes: FinderProcesses | None = None,
    front_view: FrontView = DEFAULT_FRONT_VIEW,
    again: bool = False,
) -> Portraits:
    """Return photos from a cache, after aligning those that it does not hold.

    Args:
        photos: files.
        look: aligns one of them, as `align_one` does.
        faces: the cache.
        finder, progress, processes, front_view: see `load_portraits`.
        again: also try photos again that could not be used before.

    Raises:
        InputError: no photo can be used, or the cache cannot be written.
        F2PError: a process was killed.
    """
    entries = {photo: entry for photo in photos if (entry := faces.find(photo, name_of(photo))) is not None}
    if again:
        entries = {photo: entry for photo, entry in entries.items() if "reason" not in entry}
    new = [position for position, photo in enumerate(photos) if photo not in entries]
    if new:
        with faces:
            results = look_at_all(look, [photos[position] for position in new], finder, processes)
            for position, aligned in zip(new, results, strict=True):
                photo = photos[position]
                entries[photo] = faces.append(photo, name_of(photo), aligned)
                if progress is not None:
                    progress(position + 1, len(photos))
    used = [photo for photo in photos if "reason" not in entries[photo]]
    _tell_left_out({photo: entries[photo]["reason"] for photo in photos if "reason" in entries[photo]}, photos, faces)
    if not used:
        folders = dict.fromkeys(str(photo.parent) for photo in photos)
        raise InputError(f"none of the {len(photos)} photos in {', '.join(folders)} has a usable face")
    rows = np.array([entries[photo]["record"] for photo in used])
    facts = faces.facts(rows)
    return Portraits(
        tuple(map(name_of, used)),
        faces.mapped("pictures", rows),
        faces.mapped("regions", rows),
        facts["yaw"],
        facts["shapes"],
        facts["face_shapes"],
        facts["sharpness"],
        facts["eye_distance"],
        np.array([entries[photo].get("pitch", np.nan) for photo in used], np.float32),
        np.array(list(map(photo_is_held_out, used)), bool),
        front_view,
    )


def _tell_left_out(reasons: Mapping[Path, str], photos: Sequence[Path], faces: FaceCache) -> None:
    """Log why photos were left out: each as information, and their number and the first few as a warning."""
    if not reasons:
        return
    sentences: list[str] = []
    for photo, reason in reasons.items():
        log.info("left out %s: %s", photo.name, reason)
        if len(sentences) < NAMED:
            sentences.append(reason if reason.startswith(photo.name) else f"{photo.name}: {reason}")
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    _tell(
        f"{len(reasons)} of {len(photos)} photos were left out: {'; '.join(sentences)}{more}. "
        f"All are in {faces.folder / INDEX}, each with its reason"
    )


@cache
def _tell(sentence: str) -> None:
    """Log a warning, once in a process: every stage of a training reads the same photos."""
    log.warning("%s", sentence)


def list_photos(paths: Sequence[Path]) -> list[Path]:
    """Return the files in folders that have a photo's suffix, sorted within each folder.

    A folder with CelebA's layout stands for its folder of photos (`f2p_deploy.training.data.celeba`).

    Raises:
        InputError: a folder does not exist, or none holds a photo.
    """
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path} is not a folder of photos")
    folders = [photo_folder(path) for path in paths]
    photos = [f for folder in folders for f in sorted(folder.iterdir()) if f.suffix.lower() in SUFFIXES]
    if not photos:
        raise InputError(f"no photos ({COMMON_FORMATS}) in {', '.join(map(str, paths))}")
    return photos
