"""Photos to aligned, labelled faces, several at a time: a process each, with a landmark finder of its own."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, align_photo
from f2p_deploy.alignment.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.alignment.warp import transform
from f2p_deploy.errors import F2PError, PhotoError
from f2p_deploy.interruption import unheard_by_children
from f2p_deploy.settings import AlignmentTemplate
from f2p_deploy.training.face_shapes import contour_shape
from f2p_deploy.training.portrait_labels import UNKNOWN, label_portrait

#: Photos that a process is given at once.
_AT_ONCE = 4

#: Opens a landmark finder; it is called in every process, so it must be picklable.
OpenFinder = Callable[[], LandmarkFinder]

#: What is known of one photo by the names of `Portraits`' arrays, or why it is left out.
Aligned = dict[str, np.ndarray] | str


def align_one(photo: Path, finder: LandmarkFinder, template: AlignmentTemplate, size: int) -> Aligned:
    """Align one photo and label its regions.

    Args:
        photo: a file.
        finder: of landmarks. Labels need MediaPipe's 478 points; without them all is unknown.
        template: where the average face's landmarks lie.
        size: edge S of the aligned face in pixels.

    Returns:
        `pictures` (S, S, 3) uint8, `regions` (S, S) uint8, `yaw` () float32, `shapes` (K, 2) float32 and `face_shapes`
        (24,) float32, see `f2p_deploy.training.portraits.Portraits`; or the reason why no face can be used.
    """
    try:
        aligned = align_photo(photo, finder, template.landmarks, size)
    except PhotoError as error:
        return str(error)
    dense, shape = aligned.landmarks.dense, aligned.landmarks.shape
    return {
        "pictures": aligned.image,
        "regions": np.full((size, size), UNKNOWN, np.uint8) if dense is None else label_portrait(aligned).labels,
        "yaw": np.asarray(aligned.landmarks.yaw or 0.0, np.float32),
        "face_shapes": np.full(SHAPE_LENGTH, np.nan, np.float32) if shape is None else shape,
        "shapes": contour_shape(None if dense is None else transform(aligned.matrix, dense), size),
    }


def align_all(
    photos: Sequence[Path],
    finder: LandmarkFinder,
    template: AlignmentTemplate,
    size: int,
    workers: int = 1,
    open_finder: OpenFinder | None = None,
) -> Iterator[Aligned]:
    """Yield what `align_one` returns of every photo, in their order.

    Args:
        photos: files.
        finder, template, size: see `align_one`.
        workers: processes; 1 is this one.
        open_finder: opens the same finder in another process; without it all is done in this one.

    Raises:
        F2PError: a process was killed.
    """
    if workers == 1 or open_finder is None or len(photos) <= _AT_ONCE:
        for photo in photos:
            yield align_one(photo, finder, template, size)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open, (open_finder,)) as pool:
        try:
            with unheard_by_children():  # the processes start with the first task
                faces = pool.map(partial(_align, template=template, size=size), photos, chunksize=_AT_ONCE)
            yield from faces
        except BrokenProcessPool as error:
            raise F2PError(
                "a process that aligned photos was killed, as happens when memory runs out: try --threads 1"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_finder: LandmarkFinder | None = None


def _open(open_finder: OpenFinder) -> None:
    """Begin a process: a terminal's Ctrl-C is the parent's to answer."""
    global _finder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _finder = open_finder()


def _align(photo: Path, template: AlignmentTemplate, size: int) -> Aligned:
    assert _finder is not None
    return align_one(photo, _finder, template, size)
