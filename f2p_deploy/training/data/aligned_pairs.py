"""Engine pictures aligned as photos are, with their identities by F_recg and their face shapes."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch

from f2p_deploy.alignment import LandmarkFinder, MediaPipeFinder
from f2p_deploy.alignment.warp import fit_similarity, warp
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.character.face_shape import face_shape
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import open_whole
from f2p_deploy.system.threads import usable_cores
from f2p_deploy.training.data.aligning import FinderProcesses, look_at_all
from f2p_deploy.training.data.augment import Variation, affine_grids, vary_light
from f2p_deploy.training.data.augment import sample_at as warp_batch
from f2p_deploy.training.data.face_cache import Rows
from f2p_deploy.training.data.pair_tensors import to_float
from f2p_deploy.training.train_recognition import JITTER

T = TypeVar("T")

#: Number of faces embedded at once.
BATCH = 64

#: Pictures between two writes of the cache.
SAVE_EVERY = 1024

#: Number of pictures in which the finder's landmarks are compared with the engine's.
MEASURED = 200

#: Number of pictures in which face shapes are measured; a few suffice, since shapes are nearly linear in the sliders.
SHAPED = 4000

#: Number of augmented descriptors of each photo that the translator learns from, in addition to the plain one.
VARIATIONS = 2


def descriptors_of_pairs(
    bundle: Bundle,
    pairs: PairSet,
    finder: LandmarkFinder | None,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Return (N, d) float32 identities of engine pictures, each aligned as a photo is; NaN where no face is found.

    Identities of an earlier call with the same recogniser are read from the cache, so the set may grow and an
    interrupted call resumes.

    Args:
        bundle: gives the recogniser, the template and the size.
        pairs: the pictures.
        finder: of landmarks, as for photos; most pictures use the engine's landmarks, see `_points`.
        cache: `.npz` file of the result.
        progress: called with (pictures done, pictures in total).
    """
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    target = np.array([template[name] for name in LANDMARKS]) * size
    _ = bundle.similarity  # raises if a network is missing
    recogniser = bundle.stored["recognition.safetensors"].sha256
    facts = [recogniser, sorted(template.items()), size, finder is None, bundle.settings.similarity.mirrored]
    facts.append(pairs.manifest.get("parameters_sha256"))
    facts.append([record.get("sha256", record) for record in pairs.records[:1]])
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    identities = np.empty((0, bundle.settings.architecture.recogniser.length), np.float32)
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["key"]) == key:
                identities = stored["found"]
    identities = identities[: len(pairs)]
    points = None if len(identities) == len(pairs) else _points(pairs, finder)
    saved = len(identities)

    def aligned(position: int) -> np.ndarray | None:
        picture = pairs.image(position)
        place = _find(finder, picture) if points is None else points[position]
        return None if place is None else warp(picture, fit_similarity(place, target), size)

    for ahead in _read_ahead(aligned, range(len(identities), len(pairs)), usable_cores() if points is not None else 1):
        faces, known = np.zeros((len(ahead), size, size, 3), np.uint8), np.zeros(len(ahead), bool)
        for k, face in enumerate(ahead):
            if face is not None:
                faces[k], known[k] = face, True
        batch = identities_of(bundle, faces).numpy()
        batch[~known] = np.nan
        identities = np.concatenate([identities, batch])
        if len(identities) - saved >= SAVE_EVERY or len(identities) == len(pairs):
            cache.parent.mkdir(parents=True, exist_ok=True)
            with open_whole(cache) as file:
                np.savez(file, key=key, found=identities)
            saved = len(identities)
        if progress is not None:
            progress(len(identities), len(pairs))
    return identities


def require_seen(
    stage: str, descriptors: np.ndarray, pairs: PairSet, held_out: int, finder: LandmarkFinder | None
) -> None:
    """Raise unless faces were found in enough engine pictures.

    Args:
        stage: name of the stage.
        descriptors: see `descriptors_of_pairs`.
        pairs: the pictures.
        held_out: number of last pictures held out.
        finder: of landmarks; None if only the engine's landmarks were used.

    Raises:
        InputError: names the folder, and says how many are needed and how many have a face.
    """
    seen = np.isfinite(descriptors).all(axis=1)
    border = max(len(seen) - held_out, 0)
    training, judged = int(seen[:border].sum()), int(seen[border:].sum())
    if training >= 2 and judged >= 1:
        return
    if finder is None and pairs.landmark_table is None:
        raise InputError(
            f"{stage} aligns the pictures in {pairs.folder} by landmarks, which the folder does not have: give "
            "--portraits DIR, too, and they are found as in photos, or let the engine write landmarks"
        )
    raise InputError(
        f"{stage} needs a face in at least 2 pictures to train on and 1 to judge by in {pairs.folder}, found "
        f"{training} of {border} and {judged} of {len(seen) - border}: draw the head from the front, whole and well lit"
    )


def _read_ahead(read: Callable[[int], T], positions: Sequence[int], threads: int) -> Iterator[list[T]]:
    """Yield the results of a function for positions, `BATCH` at a time, while threads read the next batch."""
    batches = [positions[start : start + BATCH] for start in range(0, len(positions), BATCH)]
    with ThreadPoolExecutor(threads) as pool:
        try:
            ahead = [pool.submit(read, position) for batch in batches[:1] for position in batch]
            for i in range(len(batches)):
                running = ahead
                ahead = [pool.submit(read, position) for batch in batches[i + 1 : i + 2] for position in batch]
                yield [task.result() for task in running]
        finally:
            pool.shutdown(cancel_futures=True)


def shapes_of_characters(
    pairs: PairSet,
    finder: LandmarkFinder | None,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    processes: FinderProcesses | None = None,
) -> np.ndarray:
    """Return (N, 24) float32 face shapes of the first engine pictures, see `f2p_deploy.character.face_shape`.

    Args:
        pairs: the pictures.
        finder: of landmarks; only MediaPipe's gives shapes.
        cache: `.npz` file of the result.
        progress: called with (pictures done, pictures in total).
        processes: that find faces; this one if not given.

    Returns:
        Shapes of at most `SHAPED` pictures, NaN where no face is found; no rows without MediaPipe's finder.
    """
    if not isinstance(finder, MediaPipeFinder):
        return np.empty((0, SHAPE_LENGTH), np.float32)
    count = min(SHAPED, len(pairs))
    facts = [pairs.manifest.get("parameters_sha256"), [record.get("sha256", record) for record in pairs.records[:1]]]
    key = hashlib.sha256(json.dumps([facts, count], sort_keys=True).encode()).hexdigest()
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["key"]) == key:
                return stored["shapes"]
    shapes = np.full((count, SHAPE_LENGTH), np.nan, np.float32)
    look = partial(_shape_in, pairs.folder, len(pairs))
    for i, shape in enumerate(look_at_all(look, range(count), finder, processes)):
        shapes[i] = shape
        if progress is not None:
            progress(i + 1, count)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with open_whole(cache) as file:
        np.savez(file, key=key, shapes=shapes)
    return shapes


def _shape_in(folder: Path, count: int, position: int, finder: LandmarkFinder) -> np.ndarray:
    """Return the (24,) shape of the face in the engine picture at a position, NaN if no face is found."""
    meshes = cast(MediaPipeFinder, finder).meshes(_pairs_in(folder, count).image(position))[:1]
    return face_shape(meshes[0][0]) if meshes else np.full(SHAPE_LENGTH, np.nan, np.float32)


@lru_cache(maxsize=1)
def _pairs_in(folder: Path, count: int) -> PairSet:
    """Open a folder once per process, and again if its number of pairs has changed."""
    return PairSet(folder)


def identities_of(bundle: Bundle, pictures: Rows) -> torch.Tensor:
    """Return (N, d) identities of aligned faces (N, S, S, 3) uint8."""
    with torch.inference_mode():
        parts = [bundle.similarity.identity(to_float(pictures[i : i + BATCH])) for i in range(0, len(pictures), BATCH)]
    return torch.cat(parts).clone()


def varied_identities(bundle: Bundle, pictures: Rows) -> np.ndarray:
    """Return (3 N, d) identities of aligned faces: first unchanged, then twice with augmented light and alignment.

    Args:
        bundle: gives F.
        pictures: (N, S, S, 3) uint8.
    """
    rng = np.random.default_rng(1)
    rows = [identities_of(bundle, pictures).numpy()]
    size = pictures.shape[1]
    for _ in range(VARIATIONS):
        parts = []
        for start in range(0, len(pictures), BATCH):
            faces = to_float(pictures[start : start + BATCH])
            augmented = vary_light(warp_batch(faces, affine_grids(len(faces), size, JITTER, rng)), Variation(), rng)
            with torch.inference_mode():
                parts.append(bundle.similarity.identity(augmented).numpy())
        rows.append(np.concatenate(parts))
    return np.concatenate(rows)


def _points(pairs: PairSet, finder: LandmarkFinder | None) -> np.ndarray | None:
    """Return (N, 5, 2) landmarks in pixels of each picture; None if the engine gives none.

    The engine's landmarks and a finder's differ systematically. Their median offset over the first pictures is added to
    the engine's.
    """
    table = pairs.landmark_table
    if table is None or finder is None:
        return None if table is None else np.asarray(table, np.float64)
    offsets = []
    for i in range(min(MEASURED, len(pairs))):
        points = _find(finder, pairs.image(i))
        if points is not None:
            offsets.append(points - table[i])
    return np.asarray(table + np.median(offsets, axis=0) if offsets else table, np.float64)


def _find(finder: LandmarkFinder | None, picture: np.ndarray) -> np.ndarray | None:
    faces = [] if finder is None else finder.find(picture)
    return faces[0].array if faces else None
