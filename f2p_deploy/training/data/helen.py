"""Helen's pictures with label folders (Smith et al. 2013, "Exemplar-Based Face Parsing"), for segmentation.

The folder `SmithCVPR2013_dataset_original` or `_resized` holds `images/NAME.jpg`; `labels/NAME/NAME_lbl00.png` to
`NAME_lbl10.png`, grey pictures of each class's probability, 255 for certain, in the order of `HELEN_CLASSES`; and
`exemplars.txt`, `tuning.txt` and `testing.txt` with lines such as `1 , 100032540_1`. Pictures in `testing.txt` are held
out; without that file it is decided by their names.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.alignment import LandmarkFinder, align
from f2p_deploy.alignment.photo import open_photo
from f2p_deploy.alignment.suffixes import SUFFIXES
from f2p_deploy.alignment.warp import inverse, transform, warp
from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.aligning import FinderProcesses, facts_of
from f2p_deploy.training.data.face_cache import FaceCache, cache_key
from f2p_deploy.training.data.portrait_labels import UNKNOWN
from f2p_deploy.training.data.portraits import Portraits, cached_portraits, photo_is_held_out

IMAGES, LABELS = "images", "labels"

#: The lists of names; those of the last are held out.
LISTS = ("exemplars.txt", "tuning.txt", "testing.txt")

#: Smallest probability of a pixel's class, of 255; a pixel without such a class is unknown.
_LIKELY = 64

#: Number of pictures whose sizes are compared with their label files before a training.
_OPENED = 5

logger = logging.getLogger(__name__)

#: Classes of the left and the right half of the face, as pairs of positions.
_SIDES = tuple(
    (HELEN_CLASSES.index(f"left-{part}"), HELEN_CLASSES.index(f"right-{part}")) for part in ("brow", "eye")
)


def load_labelled(
    folder: Path,
    finder: LandmarkFinder,
    template: AlignmentTemplate,
    size: int,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    processes: FinderProcesses | None = None,
    finder_key: str = "",
) -> Portraits:
    """Return Helen's pictures aligned as photos are, with their label maps as `regions`; cached as photos are.

    Pictures without a usable face, and those whose label files are missing, damaged or of another size, are left out
    and listed as photos are; they are tried again in the next run. A change of label files alone is not noticed.

    Args:
        folder: see the module, or one that holds it.
        finder, template, size, cache, progress, processes, finder_key: see `load_portraits`.

    Raises:
        InputError: the folder has another layout, none of the pictures can be used, or a list is damaged.
    """
    root = labelled_root(folder)
    pictures = list_labelled(root)
    faces = FaceCache(cache / cache_key(template.landmarks, size, f"{finder_key} {root.absolute()}"), size)
    look = partial(align_labelled, labels=root / LABELS, template=template, size=size)
    loaded = cached_portraits(pictures, look, faces, finder, progress, processes, again=True)
    testing = _listed(root / LISTS[-1])
    if testing is None:
        return loaded
    return replace(loaded, held=np.array([Path(name).stem in testing for name in loaded.names], bool))


def count_labelled(folder: Path) -> tuple[int, int]:
    """Return the numbers of pictures with all label files to train on and held out; few pictures are opened.

    A warning is logged if the lists are missing, or the label files of some pictures.

    Raises:
        InputError: as for `load_labelled`; no picture has its label files, or those of the first ones have other sizes.
    """
    root = labelled_root(folder)
    pictures, testing = list_labelled(root), _listed(root / LISTS[-1])
    if testing is None:
        logger.warning("%s has no %s: the names of pictures decide which are held out", root, ", ".join(LISTS))
    complete = [path for path in pictures if not _missing_labels(path, root / LABELS)]
    if len(complete) < len(pictures):
        lacking, missing = next((path, name) for path in pictures if (name := _missing_labels(path, root / LABELS)))
        found = f"{lacking.name} has no label file {missing}, which should be in {root / LABELS / lacking.stem}"
        if not complete:
            raise InputError(f"none of the {len(pictures)} pictures in {root / IMAGES} has all label files: {found}")
        count = len(pictures) - len(complete)
        logger.warning("%d of %d pictures lack label files and will be left out: %s", count, len(pictures), found)
    if all(unfit := [_other_size(path, root / LABELS) for path in complete[:_OPENED]]):
        raise InputError(f"the pictures in {root / IMAGES} and their label files do not belong together: {unfit[0]}")
    held = sum(photo_is_held_out(path) if testing is None else path.stem in testing for path in complete)
    return len(complete) - held, held


def _missing_labels(photo: Path, labels: Path) -> str:
    """Return the name of the first label file that a picture lacks, or an empty string."""
    return next((path.name for path in label_files(photo, labels) if not path.is_file()), "")


def _other_size(photo: Path, labels: Path) -> str:
    """Return how the first label file of a picture differs from it, from their headers; empty if it does not."""
    path = label_files(photo, labels)[0]
    try:
        with Image.open(photo) as picture, Image.open(path) as label:
            sizes = [f"{width}x{height}" for width, height in (label.size, picture.size)]
            same = sorted(label.size) == sorted(picture.size)  # the picture may be turned by its EXIF data
    except (OSError, ValueError, SyntaxError):
        return f"{photo.name} or {path.name} is damaged"
    return "" if same else f"{path.name} has {sizes[0]} pixels, {photo.name} {sizes[1]}"


def labelled_root(folder: Path) -> Path:
    """Return the folder that holds `images` and `labels`: the given one, or one directly inside it.

    Raises:
        InputError: there is none.
    """
    inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for root in (folder, *inside):
        if (root / IMAGES).is_dir() and (root / LABELS).is_dir():
            return root
    raise InputError(
        f"{folder} should hold Helen's folders {IMAGES} and {LABELS} (SmithCVPR2013_dataset_resized), found "
        f"{', '.join(path.name for path in inside[:5]) or 'no folders'}"
    )


def list_labelled(root: Path) -> list[Path]:
    """Return the pictures that the lists name, in their order, or all pictures if there are no lists.

    Raises:
        InputError: a list is damaged, or there is no picture.
    """
    present = {path.stem: path for path in sorted((root / IMAGES).iterdir()) if path.suffix.lower() in SUFFIXES}
    lists = [names for name in LISTS if (names := _listed(root / name)) is not None]
    named = [stem for names in lists for stem in names] if lists else list(present)
    pictures = [present.get(stem, root / IMAGES / f"{stem}.jpg") for stem in dict.fromkeys(named)]
    pictures = [path for path in pictures if path.stem in present]
    absent = [name for name in LISTS if not (root / name).is_file()]
    if lists and absent:
        raise InputError(f"{root} has no {absent[0]}: Helen's lists are {', '.join(LISTS)}; put in all of them or none")
    if not pictures and not lists:
        raise InputError(f"{root / IMAGES} holds no picture")
    if not pictures:
        raise InputError(f"{root / IMAGES} holds none of the pictures that the lists beside it name")
    return pictures


def align_labelled(
    photo: Path, finder: LandmarkFinder, labels: Path, template: AlignmentTemplate, size: int
) -> dict[str, np.ndarray] | str:
    """Align one picture and its label maps; see `align_one` for the result.

    The maps are warped as probabilities, and each pixel gets the most likely class. Which of two brows or eyes is the
    left one, in the picture, follows from where they are.
    """
    try:
        opened = open_photo(photo)
        aligned = align(opened, finder, template.landmarks, size, name=photo.name)
        height, width = (edge * opened.reduction for edge in opened.pixels.shape[:2])
        maps = [_read_map(path, (width, height)) for path in label_files(photo, labels)]
    except InputError as error:
        return f"{photo.name}: {error}" if photo.name not in str(error) else str(error)
    matrix = aligned.matrix.copy()
    matrix[:, :2] /= opened.reduction  # from pixels of the label files
    maps += [np.zeros_like(maps[0])] * (-len(maps) % 3)
    warped = [warp(np.dstack(maps[i : i + 3]), matrix, size) for i in range(0, len(maps), 3)]
    likely = np.concatenate(warped, axis=2)[..., : len(HELEN_CLASSES)]
    regions = np.where(likely.max(axis=2) >= _LIKELY, likely.argmax(axis=2), UNKNOWN).astype(np.uint8)
    regions[_outside(matrix, size, (width, height))] = UNKNOWN
    return {**facts_of(aligned, size), "regions": _sides_by_place(regions)}


def label_files(photo: Path, labels: Path) -> list[Path]:
    """Return the eleven label files of a picture; they may not exist."""
    return [labels / photo.stem / f"{photo.stem}_lbl{i:02d}.png" for i in range(len(HELEN_CLASSES))]


def _read_map(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Return one class's probabilities, (H, W) uint8.

    Raises:
        InputError: the file is missing, damaged or of another size.
    """
    try:
        with Image.open(path) as opened:
            found = opened.size
            probabilities = np.array(opened.convert("L"))
    except FileNotFoundError as error:
        raise InputError(f"the label file {path.name} is missing") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"the label file {path.name} is damaged") from error
    if found != size:
        raise InputError(
            f"the label file {path.name} has {found[0]}x{found[1]} pixels, the picture {size[0]}x{size[1]}"
        )
    return probabilities


def _outside(matrix: np.ndarray, size: int, edges: Sequence[int]) -> np.ndarray:
    """Return (S, S) bool: the pixels of the aligned square outside the picture, whose class is unknown."""
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).reshape(-1, 2) + 0.5
    places = transform(inverse(matrix), grid)
    return ((places < 0) | (places > np.array(edges))).any(axis=1).reshape(size, size)


def _sides_by_place(regions: np.ndarray) -> np.ndarray:
    """Return a label map whose left parts are left in the picture."""
    sided = regions.copy()
    for left, right in _SIDES:
        here, there = (np.nonzero(regions == part)[1] for part in (left, right))
        if len(here) and len(there) and here.mean() > there.mean():
            sided[regions == left], sided[regions == right] = right, left
    return sided


def _listed(path: Path) -> list[str] | None:
    """Return the names in a list; None if there is no such file.

    Raises:
        InputError: a line has another form, or the file cannot be read.
    """
    if not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {reason_of(error, 'it is not text in UTF-8')}") from error
    names = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            _, comma, name = line.partition(",")
            if not comma or not name.strip():
                raise InputError(f"{path}, line {number} should be a number, a comma and a name, found {line!r}")
            names.append(name.strip())
    return names
