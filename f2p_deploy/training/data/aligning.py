"""Parallel search for faces: worker processes, each with its own landmark finder."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, align_photo
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.system.interruption import unheard_by_children
from f2p_deploy.training.data.face_shapes import contour_shape
from f2p_deploy.training.data.portrait_labels import UNKNOWN, label_portrait

#: Number of pictures sent to a process at once, and of such groups that each process has waiting.
_AT_ONCE = 4
_WAITING = 4

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class FinderProcesses:
    """The processes that look for faces.

    Args:
        workers: number of processes.
        open_finder: opens the landmark finder; it is called in every process, so it must be picklable.
    """

    workers: int
    open_finder: Callable[[], LandmarkFinder]


def look_at_all(
    look: Callable[[T, LandmarkFinder], R],
    items: Sequence[T],
    finder: LandmarkFinder,
    processes: FinderProcesses | None = None,
) -> Iterator[R]:
    """Yield the results of a function that takes an item and a landmark finder, in the order of the items.

    Args:
        look: the function; with processes it and its results must be picklable.
        items: the items.
        finder: used in this process if no others are given, or if there are few items.
        processes: worker processes.

    Raises:
        F2PError: a process was killed.
    """
    if processes is None or processes.workers == 1 or len(items) <= _AT_ONCE:
        for item in items:
            yield look(item, finder)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes.workers, context, _open, (processes.open_finder,)) as pool:
        try:
            groups = [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]
            running: deque[Future[list[R]]] = deque()
            with unheard_by_children():  # the pool starts its processes with the first tasks
                for group in groups[: processes.workers * _WAITING]:
                    running.append(pool.submit(_look_at, look, group))
            for group in groups[processes.workers * _WAITING :]:
                yield from running.popleft().result()
                running.append(pool.submit(_look_at, look, group))
            while running:
                yield from running.popleft().result()
        except BrokenProcessPool as error:
            raise F2PError(
                "a process that looked for faces was killed, as happens when memory runs out: try --threads 1"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def align_one(
    photo: Path, finder: LandmarkFinder, template: AlignmentTemplate, size: int
) -> dict[str, np.ndarray] | str:
    """Align one photo and label its regions.

    Args:
        photo: a file.
        finder: of landmarks. Labels need MediaPipe's 478 points; without them all pixels are unknown.
        template: positions of the average face's landmarks.
        size: edge S of the aligned face in pixels.

    Returns:
        `pictures` (S, S, 3) uint8, `regions` (S, S) uint8, `yaw`, `pitch`, `sharpness` and `eye_distance` () float32,
        `shapes` (K, 2) float32 and `face_shapes` (24,) float32, see `f2p_deploy.training.data.portraits.Portraits`; or
        the reason why no face can be used.
    """
    try:
        aligned = align_photo(photo, finder, template.landmarks, size)
    except InputError as error:  # also landmarks that are not those of a face, which a finder may find
        return str(error)
    unknown = aligned.landmarks.dense is None
    regions = np.full((size, size), UNKNOWN, np.uint8) if unknown else label_portrait(aligned).labels
    return {**facts_of(aligned, size), "regions": regions}


def facts_of(aligned: AlignedFace, size: int) -> dict[str, np.ndarray]:
    """Return what `align_one` does, without `regions`."""
    dense, shape = aligned.landmarks.dense, aligned.landmarks.shape
    return {
        "pictures": aligned.image,
        "yaw": np.asarray(aligned.landmarks.yaw or 0.0, np.float32),
        "pitch": np.asarray(np.nan if aligned.landmarks.pitch is None else aligned.landmarks.pitch, np.float32),
        "face_shapes": np.full(SHAPE_LENGTH, np.nan, np.float32) if shape is None else shape,
        "sharpness": np.asarray(aligned.sharpness, np.float32),
        "eye_distance": np.asarray(aligned.landmarks.eye_distance, np.float32),
        "shapes": contour_shape(None if dense is None else transform(aligned.matrix, dense), size),
    }


#: The finder of this process after `_open`.
_opened: list[LandmarkFinder] = []


def _open(open_finder: Callable[[], LandmarkFinder]) -> None:
    """Initialise a process: open its finder, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _opened.append(open_finder())


def _look_at(look: Callable[[Any, LandmarkFinder], R], items: Sequence[Any]) -> list[R]:
    return [look(item, _opened[0]) for item in items]
