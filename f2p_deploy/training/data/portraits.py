"""Portrait photos as training data: aligned once, cached on the disk, split by name into training and held-out."""

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.aligning import FinderProcesses, align_one, look_at_all
from f2p_deploy.training.data.face_cache import FaceCache, Rows, cache_key
from f2p_deploy.training.data.pair_tensors import to_float

log = logging.getLogger(__name__)

#: Every n-th photo on average is held out, by the hash of its name.
HELD_OUT_ONE_IN = 8

#: Largest number of held-out photos that an evaluation looks at.
MEASURED = 1000

#: Maximum yaw in degrees of the paper's "high-quality front-view" faces.
FRONTAL_YAW = 15.0


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
    """

    names: tuple[str, ...]
    pictures: Rows
    regions: Rows
    yaw: np.ndarray
    shapes: np.ndarray
    face_shapes: np.ndarray
    sharpness: np.ndarray | None = None
    eye_distance: np.ndarray | None = None

    @property
    def held_out(self) -> np.ndarray:
        """The positions of the photos that no stage trains on."""
        return np.flatnonzero([is_held_out(name) for name in self.names])

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
        return np.flatnonzero([not is_held_out(name) for name in self.names])

    @property
    def frontal(self) -> np.ndarray:
        """The positions of the photos to train on that face the camera."""
        return self.training[np.abs(self.yaw[self.training]) <= FRONTAL_YAW]

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


def load_portraits(
    folders: Sequence[Path],
    finder: LandmarkFinder,
    template: AlignmentTemplate,
    size: int,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    processes: FinderProcesses | None = None,
    finder_key: str = "",
) -> Portraits:
    """Return the aligned photos of some folders; those that an earlier call aligned are read from the cache.

    Pictures and regions stay on the disk. Photos without a usable face are left out, each with a line in the log and in
    the cache's index. Labels need MediaPipe's 478 points; if another finder found the face, all pixels are unknown.

    Args:
        folders: of photos.
        finder: of landmarks.
        template: positions of the average face's landmarks.
        size: edge of the aligned faces in pixels.
        cache: folder of the caches; there is one for every template, size and finder.
        progress: called with (photos done, photos in total).
        processes: that find faces; this one if not given.
        finder_key: kind, version and file of the finder.

    Raises:
        InputError: there are no photos, none has a usable face, or the cache cannot be written.
        F2PError: a process was killed.
    """
    photos = list_photos(folders)
    faces = FaceCache(cache / cache_key(template.landmarks, size, finder_key), size)
    entries = {photo: entry for photo in photos if (entry := faces.find(photo, name_of(photo))) is not None}
    new = [position for position, photo in enumerate(photos) if photo not in entries]
    if new:
        look = partial(align_one, template=template, size=size)
        with faces:
            results = look_at_all(look, [photos[position] for position in new], finder, processes)
            for position, aligned in zip(new, results, strict=True):
                photo = photos[position]
                entries[photo] = faces.append(photo, name_of(photo), aligned)
                if progress is not None:
                    progress(position + 1, len(photos))
    names, records = [], []
    for photo in photos:
        entry = entries[photo]
        if "reason" in entry:
            log.info("left out %s: %s", photo.name, entry["reason"])
        else:
            names.append(name_of(photo))
            records.append(entry["record"])
    if not names:
        raise InputError(f"none of the {len(photos)} photos in {', '.join(map(str, folders))} has a usable face")
    rows = np.array(records)
    facts = faces.facts(rows)
    return Portraits(
        tuple(names),
        faces.mapped("pictures", rows),
        faces.mapped("regions", rows),
        facts["yaw"],
        facts["shapes"],
        facts["face_shapes"],
        facts["sharpness"],
        facts["eye_distance"],
    )


def list_photos(paths: Sequence[Path]) -> list[Path]:
    """Return the files in folders that have a photo's suffix, sorted within each folder.

    Raises:
        InputError: a folder does not exist, or none holds a photo.
    """
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path} is not a folder of photos")
    photos = [f for path in paths for f in sorted(path.iterdir()) if f.suffix.lower() in SUFFIXES]
    if not photos:
        raise InputError(f"no photos ({', '.join(SUFFIXES)}) in {', '.join(map(str, paths))}")
    return photos
