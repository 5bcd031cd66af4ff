"""The data of `evaluate stages`: renders and photos that no stage was trained on."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, Landmarks, align_photo
from f2p_deploy.engine.pairs import PairSet, Sampling, write_pairs
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress
from f2p_deploy.training.data.pair_tensors import to_float
from f2p_deploy.training.data.portrait_labels import UNKNOWN, label_portrait
from f2p_deploy.training.data.portraits import list_photos, name_of, photo_is_held_out
from f2p_deploy.training.stages import HELD_OUT_CHARACTERS, HELD_OUT_PAIRS

log = logging.getLogger(__name__)

#: First seed of pairs rendered for evaluation, far from the seeds of training sets.
FIRST_SEED = 700_000

#: Varied scenes rendered for evaluation: largest number of characters, and pictures of each.
VARIED_CHARACTERS, PICTURES_EACH = 40, 3


@dataclass(frozen=True, eq=False)
class Renders:
    """Rendered pairs in memory.

    Args:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N, S, S) uint8 Helen classes, or None.
        parameters: (N, n) float32, of the rendered characters.
        identities: (N,) number of the character.
        landmarks: (N, 5, 2) pixels, or None.
        usual: (n,) mean parameters of the records that are not held out.
        unseen: number of pictures at the end that are held out of every stage's training, segmentation's included.
        found: (N,) largest face found in each picture by the photos' finder, or None; empty without a finder.
    """

    pictures: np.ndarray
    labels: np.ndarray | None
    parameters: np.ndarray
    identities: np.ndarray
    landmarks: np.ndarray | None
    usual: np.ndarray
    unseen: int
    found: tuple[Landmarks | None, ...] = ()

    def images(self, part: np.ndarray | slice = slice(None)) -> torch.Tensor:
        """Return (B, 3, S, S) float32 RGB in [0, 1]."""
        return to_float(self.pictures[part])


@dataclass(frozen=True, eq=False)
class Photos:
    """Aligned photos.

    Args:
        faces: (N,) aligned faces.
        pictures: (N, S, S, 3) uint8 RGB of the faces.
        regions: (N, S, S) uint8 Helen classes derived from landmarks, 255 where unknown.
        refused: number of further photos without a usable face.
    """

    faces: tuple[AlignedFace, ...]
    pictures: np.ndarray
    regions: np.ndarray
    refused: int = 0

    def images(self, part: slice = slice(None)) -> torch.Tensor:
        """Return (B, 3, S, S) float32 RGB in [0, 1]."""
        return to_float(self.pictures[part])


@dataclass(frozen=True, eq=False)
class HeldOut:
    """All pictures of a measurement.

    Args:
        front: renders of the front view.
        varied: renders in varied scenes, several pictures of each character; None if there are none.
        photos: aligned photos; None if there are none.
        more: a longer set of front renders that ends with those of `front`, used for embeddings only; None if there
            is none.
    """

    front: Renders
    varied: Renders | None = None
    photos: Photos | None = None
    more: Renders | None = None

    @property
    def embedded(self) -> Renders:
        """All renders of the front view; these are embedded."""
        return self.front if self.more is None else self.more


def read_renders(
    folder: Path,
    bundle: Bundle,
    count: int,
    characters: bool = False,
    finder: LandmarkFinder | None = None,
    progress: Progress | None = None,
) -> Renders:
    """Read the last pairs of a folder, at most those held out of training.

    If the bundle's provenance says that it was trained on other pairs, the whole folder is held out.

    Args:
        folder: folder of pairs.
        bundle: the bundle to measure.
        count: largest number of pictures or, with `characters`, of characters.
        characters: count characters, not pictures.
        finder: the photos' landmark finder, to search the renders; None to skip that.
        progress: called after every searched picture.

    Raises:
        InputError: pairs of another schema or size, or none yet.
    """
    pairs = PairSet(folder)
    if not len(pairs):
        raise InputError(f"{folder} holds no finished pair yet: f2p-deploy engine render goes on with it")
    if pairs.schema.fingerprint != bundle.schema.fingerprint:
        raise InputError(f"{folder} shows characters of another schema than {bundle.schema.name!r}, the bundle's")
    size = bundle.settings.architecture.image_size
    if pairs.size != size:
        raise InputError(f"{folder} holds pictures of {pairs.size} pixels; the bundle needs {size}")
    trained = _trained_on(bundle, pairs)
    last = len(pairs)
    if characters:
        limit = min(count, HELD_OUT_CHARACTERS) if trained else count
        wanted = np.unique(pairs.identities)[-limit:]
        positions = np.flatnonzero(np.isin(pairs.identities, wanted))
    else:
        positions = np.arange(last - min(count, HELD_OUT_PAIRS if trained else last, last), last)
    records = positions.tolist()
    labels = [pairs.labels(i) for i in records]
    known = [one for one in labels if one is not None]
    table = pairs.landmark_table
    before = np.array(pairs.parameters[: positions[0]] if trained and positions[0] else pairs.parameters[:last])
    pictures = np.stack([pairs.image(i) for i in records])
    found: list[Landmarks | None] = []
    for image in pictures if finder is not None else ():
        found.append(next(iter(finder.find(image)), None) if finder is not None else None)
        if progress is not None:
            progress("finding landmarks of renders", len(found), len(pictures))
    return Renders(
        pictures=pictures,
        labels=np.stack(known) if len(known) == len(labels) else None,
        parameters=np.array(pairs.parameters[positions], np.float32),
        identities=pairs.identities[positions],
        landmarks=None if table is None else table[positions],
        usual=before.mean(axis=0, dtype=np.float64).astype(np.float32),
        # Segmentation holds out this number of *pictures* of each folder, not of characters: see SegmentationStage.
        unseen=min(len(positions), HELD_OUT_CHARACTERS) if trained else len(positions),
        found=tuple(found),
    )


def render_pairs(
    bundle: Bundle, folder: Path, count: int, assets: Path | None, seed: int = 0, progress: Progress | None = None
) -> tuple[Path, Path]:
    """Render pairs for evaluation with the reference engine; return the folders of the front and varied pairs.

    Args:
        bundle: provides schema and picture size.
        folder: folder for the sets `front` and `varied`; complete sets in it are kept.
        count: number of front pictures, and of varied characters up to `VARIED_CHARACTERS`.
        assets: folder of the engine's assets; None for the one in F2P_MAKEHUMAN_ASSETS.
        seed: seed of the characters.
        progress: called after every picture.

    Raises:
        MissingDependency: no assets.
        InputError: the reference engine cannot draw the schema.
    """
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.engine.makehuman.makehuman import MakeHumanEngine

    engine = MakeHumanEngine(bundle.schema, find_assets(assets))
    size = bundle.settings.architecture.image_size
    sets = {
        "front": (count, Sampling(FIRST_SEED + 2 * seed, "front", 0.3)),
        "varied": (
            min(count, VARIED_CHARACTERS) * PICTURES_EACH,
            Sampling(FIRST_SEED + 2 * seed + 1, "varied", 0.3, PICTURES_EACH),
        ),
    }
    for name, (pictures, sampling) in sets.items():

        def drawn(done: int, total: int, name: str = name) -> None:
            if progress is not None:
                progress(f"rendering {name} pairs", done, total)

        write_pairs(engine, folder / name, pictures, sampling, size, progress=drawn)
    return folder / "front", folder / "varied"


def align_held_out(
    folders: Sequence[Path], finder: LandmarkFinder, bundle: Bundle, count: int, progress: Progress | None = None
) -> Photos:
    """Align an evenly spaced selection of the photos held out of training.

    Raises:
        InputError: no photo is held out, or none of them has a usable face.
    """
    named = {name_of(path): path for path in list_photos(folders)}
    kept = [name for name, path in named.items() if photo_is_held_out(path)]
    if not kept:
        raise InputError(f"none of the {len(named)} photos is held out of training: name a folder with more of them")
    chosen = [kept[i] for i in np.unique(np.linspace(0, len(kept) - 1, min(count, len(kept))).astype(int))]
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    faces: list[AlignedFace] = []
    for done, name in enumerate(chosen, start=1):
        try:
            faces.append(align_photo(named[name], finder, template, size))
        except InputError as error:
            log.info("left out %s: %s", name, error)
        if progress is not None:
            progress("aligning photos", done, len(chosen))
    if not faces:
        raise InputError(f"none of {len(chosen)} held-out photos in {', '.join(map(str, folders))} has a usable face")
    unknown = np.full((size, size), UNKNOWN, np.uint8)
    regions = [unknown if face.landmarks.dense is None else label_portrait(face).labels for face in faces]
    pictures = np.stack([face.image for face in faces])
    return Photos(tuple(faces), pictures, np.stack(regions), len(chosen) - len(faces))


def _trained_on(bundle: Bundle, pairs: PairSet) -> bool:
    """Return true if a stage was trained on the pairs, or if the provenance does not say."""
    facts = [facts.get("pairs") for facts in bundle.provenance.values()]
    said = [entry.get("parameters_sha256") for known in facts if known for entry in known.values()]
    return not said or not all(said) or pairs.manifest.get("parameters_sha256") in said
