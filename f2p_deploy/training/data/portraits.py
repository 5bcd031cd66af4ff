"""Portrait photos as training data: aligned once, cached in a file, split by name into training and held-out."""

import hashlib
import json
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
from f2p_deploy.system.files import open_whole
from f2p_deploy.training.data.aligning import FinderProcesses, align_one, look_at_all
from f2p_deploy.training.data.pair_tensors import to_float

log = logging.getLogger(__name__)

#: Every n-th photo on average is held out, by the hash of its name.
HELD_OUT_ONE_IN = 8

#: The arrays of `Portraits`, which the cache stores beside the names.
_ARRAYS = ("pictures", "regions", "yaw", "shapes", "face_shapes")

#: Maximum yaw in degrees of the paper's "high-quality front-view" faces.
FRONTAL_YAW = 15.0


@dataclass(frozen=True, eq=False)
class Portraits:
    """Aligned portraits.

    Args:
        names: (N,) names of the photos, folder and file.
        pictures: (N, S, S, 3) uint8 RGB.
        regions: (N, S, S) uint8 Helen classes, 255 where unknown.
        yaw: (N,) float32 degrees.
        shapes: (N, K, 2) float32 contour points in edges of the picture, NaN where there is no mesh.
        face_shapes: (N, 24) float32, see `f2p_deploy.character.face_shape`, NaN where there is no mesh.
    """

    names: tuple[str, ...]
    pictures: np.ndarray
    regions: np.ndarray
    yaw: np.ndarray
    shapes: np.ndarray
    face_shapes: np.ndarray

    @property
    def held_out(self) -> np.ndarray:
        """The positions of the photos that no stage trains on."""
        return np.flatnonzero([is_held_out(name) for name in self.names])

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
) -> Portraits:
    """Return the aligned photos of some folders, from the cache if an earlier call aligned them.

    Photos without a usable face are left out, each with a line in the log. Labels need MediaPipe's 478 points; if
    another finder found the face, all pixels are unknown.

    Args:
        folders: of photos.
        finder: of landmarks.
        template: positions of the average face's landmarks.
        size: edge of the aligned faces in pixels.
        cache: `.npz` file of the result; replaced if photos, template or size differ.
        progress: called with (photos done, photos in total).
        processes: that find faces; this one if not given.

    Raises:
        InputError: there are no photos, or none has a usable face.
        F2PError: a process was killed.
    """
    photos = list_photos(folders)
    key = _key(photos, template, size)
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["key"]) == key:
                return Portraits(tuple(stored["names"].tolist()), **{name: stored[name] for name in _ARRAYS})
    names: list[str] = []
    rows: dict[str, list] = {name: [] for name in _ARRAYS}
    look = partial(align_one, template=template, size=size)
    for done, aligned in enumerate(look_at_all(look, photos, finder, processes), start=1):
        photo = photos[done - 1]
        if progress is not None:
            progress(done, len(photos))
        if isinstance(aligned, str):
            log.info("left out %s: %s", photo.name, aligned)
            continue
        names.append(name_of(photo))
        for name in _ARRAYS:
            rows[name].append(aligned[name])
    if not names:
        raise InputError(f"none of the {len(photos)} photos in {', '.join(map(str, folders))} has a usable face")
    arrays = {name: np.stack(values) for name, values in rows.items()}
    cache.parent.mkdir(parents=True, exist_ok=True)
    with open_whole(cache) as file:
        np.savez(file, key=key, names=names, **arrays)  # type: ignore[arg-type]
    return Portraits(tuple(names), **arrays)


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


def _key(photos: Sequence[Path], template: AlignmentTemplate, size: int) -> str:
    """Return a hash that changes when photos, template or size do; it marks the cache."""
    listed = [(photo.name, photo.stat().st_size) for photo in photos]
    return hashlib.sha256(json.dumps([listed, template.landmarks, size, _ARRAYS]).encode()).hexdigest()
