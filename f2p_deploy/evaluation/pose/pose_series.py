"""Photos of one head at several yaws: drawn by the engine, or photos of one person."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, align_photo, read_photo
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.evaluation.landmarks.pose_true import can_turn
from f2p_deploy.evaluation.verification.people_pairs import photos_of_people
from f2p_deploy.pipeline.folder_names import folder_names
from f2p_deploy.runtimes import Runtime, search
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.system.names import shown

logger = logging.getLogger(__name__)

#: Largest yaw of the sweep in degrees; alignment refuses heads that are turned farther.
LARGEST = 60

#: The engine's photos: edge in pixels, and a zoom that leaves room around the face as in a photo.
_EDGE, _ZOOM = 512, 0.8


@dataclass(frozen=True)
class PosedPhoto:
    """A photo of a series.

    Args:
        name: of the file, or the yaw.
        source: (H, W, 3) uint8, or the file.
        yaw: in degrees, positive to the picture's right; None if it has to be measured.
    """

    name: str
    source: np.ndarray | Path
    yaw: int | None = None

    def read(self) -> np.ndarray:
        """Return (H, W, 3) uint8 pixels.

        Raises:
            PhotoError: the file cannot be read.
        """
        return self.source if isinstance(self.source, np.ndarray) else read_photo(self.source)


@dataclass(frozen=True)
class PoseSeries:
    """Photos of one head.

    Args:
        name: of the person or character.
        photos: at different yaws.
        truth: (n,) parameters of the character; None for a person.
    """

    name: str
    photos: tuple[PosedPhoto, ...]
    truth: np.ndarray | None = None


def sweep_yaws(step: int) -> tuple[int, ...]:
    """Return the yaws of a sweep in degrees: multiples of the step from -60 to 60.

    Raises:
        InputError: the step is not in [5, 60].
    """
    if not 5 <= step <= LARGEST:
        raise InputError(f"the step of the sweep is 5 to {LARGEST} degrees, found {step}")
    end = LARGEST // step * step
    return tuple(range(-end, end + 1, step))


def random_characters(schema: Schema, count: int, seed: int) -> dict[str, np.ndarray]:
    """Return (n,) parameters of random characters by name; every controller is uniform."""
    return {f"character {i}": values for i, values in enumerate(random_batch(schema, count, seed), start=1)}


def characters_of_photos(photos: Sequence[Path], runtime: Runtime, finder: LandmarkFinder) -> dict[str, np.ndarray]:
    """Return (n,) parameters of the characters that hybrid generation makes of photos, by the photos' names.

    A photo without a usable face is left out, with a warning.

    Raises:
        InputError: no photo has a usable face, or the bundle cannot generate.
    """
    template, size = runtime.settings.alignment.landmarks, runtime.settings.architecture.image_size
    found: dict[str, np.ndarray] = {}
    for photo, name in zip(photos, folder_names(photos), strict=True):
        try:
            face = align_photo(photo, finder, template, size)
        except PhotoError as error:
            logger.warning("left out: %s", error)
            continue
        found[name] = search.generate(runtime, face.image, "hybrid", shape=face.landmarks.shape).parameters.values
    if not found:
        raise InputError("no photo has a usable face")
    return found


def drawn_series(engine: Engine, characters: Mapping[str, np.ndarray], yaws: Sequence[int]) -> Iterator[PoseSeries]:
    """Yield characters drawn by the engine with the head at each yaw.

    Args:
        engine: draws the characters.
        characters: (n,) parameters by name, one or more.
        yaws: in degrees.

    Raises:
        InputError: the engine cannot turn a head.
    """
    if not can_turn(engine, next(iter(characters.values())), 64):
        raise InputError("this engine draws the front view alone, so it cannot turn heads: name photos with --people")
    scene = Scene(zoom=_ZOOM)
    for name, parameters in characters.items():
        photos = tuple(
            PosedPhoto(f"{yaw}°", engine.render(parameters, _EDGE, replace(scene, yaw=float(yaw))).image, yaw)
            for yaw in yaws
        )
        yield PoseSeries(name, photos, parameters)


def people_series(folder: Path, limit: int | None = None) -> list[PoseSeries]:
    """Return the people of a folder with two photos or more; the yaws are still to be measured.

    People with one photo are left out, with a warning in the log.

    Args:
        folder: its subfolders are the people.
        limit: largest number of people.

    Raises:
        InputError: the folder cannot be read, or nobody has two photos.
    """
    everybody = photos_of_people(folder, fewest=1)
    people = [photos for photos in everybody if len(photos) >= 2]
    if not people:
        raise InputError(f"nobody in {folder} has two photos, so no pose can be compared with another")
    single = [photos[0].partition("/")[0] for photos in everybody if len(photos) == 1]
    if single:
        more = f" and {len(single) - 10} more" if len(single) > 10 else ""
        logger.warning("left out, with one photo only: %s%s", shown(", ".join(single[:10])), more)
    return [
        PoseSeries(photos[0].partition("/")[0], tuple(PosedPhoto(name, folder / name) for name in photos))
        for photos in people[:limit]
    ]
