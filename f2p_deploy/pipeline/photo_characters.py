"""Create the characters of one photo: align, generate, draw and write; a failure is also a result."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.alignment import AlignedFace, open_photo
from f2p_deploy.alignment.aligned_face import ROBUST
from f2p_deploy.character.folder_files import (
    ALIGNED_FILE,
    CHARACTER_FILE,
    ENGINE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    RESULT_FILE,
)
from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.engine import Engine
from f2p_deploy.pipeline.character_kinds import CharacterChoice
from f2p_deploy.pipeline.drawn import Drawn
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.folder import character_folder
from f2p_deploy.pipeline.kept import Conditions, keep_edits, result_text
from f2p_deploy.pipeline.made_character import align_named
from f2p_deploy.pipeline.mode import choose_mode
from f2p_deploy.pipeline.page.photo_view import draw_photo
from f2p_deploy.pipeline.results import Created, Failed
from f2p_deploy.pipeline.run_source import drawn_beside, draws
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.system.errors import F2PError, InputError, PhotoError
from f2p_deploy.system.names import shown

logger = logging.getLogger(__name__)

#: Smallest edge of the engine's image in pixels, since the page shows it large.
ENGINE_EDGE = 512

#: zlib's level for the pictures: a quarter of the time of Pillow's own (6), and files 10 % larger.
COMPRESSION = 2

#: Called with (finished characters of this photo, with a fraction for the current one; the current activity).
Within = Callable[[float, str], None]


@dataclass(frozen=True)
class Task:
    """One photo, and the characters to create from it.

    Args:
        photo: the file.
        stem: the name of its folders without the mode.
        names: names of the folders, by the mode that was asked for.
        character: which character of a set to create; None without a set.
    """

    photo: Path
    stem: str
    names: Mapping[str, str]
    character: CharacterChoice | None = None


@dataclass(frozen=True)
class RunContext:
    """Everything that the photos of a run share.

    Args:
        runtime: generates the characters.
        out: the output folder.
        work: the folder for temporary files, see `work_folder`.
        finder: finds the faces.
        face: number of the face in each photo, 1 for the largest; None for the largest with a warning.
        keep: a character whose locked values are kept.
        engine: draws the characters as well.
        conditions: the description of all that for `result.json`.
    """

    runtime: Runtime
    out: Path
    work: Path
    finder: ChosenFinder
    face: int | None
    keep: Parameters | None
    engine: Engine | None
    conditions: Conditions

    @cached_property
    def drawn(self) -> Drawn:
        """The characters that the engine drew in advance."""
        return drawn_beside(self.runtime)


def characters_of(task: Task, context: RunContext, within: Within) -> Iterator[tuple[str, Created | Failed]]:
    """Yield the characters of one photo, each with the mode that was asked for; a failure is also a result.

    A folder that cannot be written fails only its mode. Any other failure concerns the photo, and is its last result.
    """
    photo, asked = task.photo, next(iter(task.names))
    name_shown = shown(photo.name)
    within(0.0, f"{name_shown}: finding the face")
    started = time.perf_counter()
    try:
        image, aligned = align_for(photo, context)
        for i, (asked, name) in enumerate(task.names.items()):
            started = time.perf_counter() if i else started

            def doing(fraction: float, what: str, position: int = i) -> None:
                within(position + fraction, f"{name_shown}: {what}")

            try:
                yield asked, _create(task, name, asked, image, aligned, context, started, doing)
            except _OutputError as error:
                yield asked, Failed(photo, "unwritable", shown(f"{photo.name}: {error}"))
    except Exception as error:
        yield asked, failure_of(photo, error)


def failure_of(photo: Path, error: Exception) -> Failed:
    """Return the result of a photo for an error; one photo must not stop all others."""
    if isinstance(error, PhotoError):
        return Failed(photo, error.reason, shown(error))
    if isinstance(error, F2PError):
        return Failed(photo, "refused", shown(error))
    logger.info("unexpected failure of %s", photo, exc_info=True)
    message = f"{photo.name}: unexpected {type(error).__name__}: {error}; this is a bug, --verbose shows where"
    return Failed(photo, "unexpected", shown(message))


def _without_advice(warning: str) -> str:
    return warning.removesuffix(ROBUST)


class _OutputError(InputError):
    """A character's folder cannot be written."""


def align_for(photo: Path, context: RunContext) -> tuple[np.ndarray, AlignedFace]:
    """Return the photo, (H, W, 3) uint8 RGB, and its aligned face; every error message begins with the photo's name.

    Raises:
        PhotoError: an unreadable photo, or one without a usable face.
        InputError: the finder cannot be used for it.
    """
    image = open_photo(photo)
    settings = context.runtime.settings
    return image.pixels, align_named(image, photo.name, context.finder.finder, settings, context.face)


def _create(
    task: Task,
    name: str,
    asked: str,
    image: np.ndarray,
    aligned: AlignedFace,
    context: RunContext,
    started: float,
    within: Within,
) -> Created:
    """Generate one character and write its folder."""
    runtime = context.runtime
    mode, reason = choose_mode(asked, aligned)
    iterations = (runtime.settings.iterative if mode == "iterative" else runtime.settings.hybrid).iterations
    within(0.0, mode)
    generating = time.perf_counter()
    generation = search.generate(
        runtime,
        aligned.image,
        mode,
        context.keep,
        lambda done, loss: within(0.95 * done / iterations, f"{mode}, iteration {done}, loss {loss:.4f}"),
        aligned.landmarks.shape,
    )
    generation_seconds = time.perf_counter() - generating
    pictures = {ALIGNED_FILE: aligned.image}
    if draws(runtime):
        pictures[CHARACTER_FILE] = graph_calls.render(runtime, generation.parameters)
    beforehand = None
    if context.engine is not None:
        within(0.95, "drawing with the engine")
        size = max(ENGINE_EDGE, runtime.settings.architecture.image_size)
        pictures[ENGINE_FILE] = context.engine.render(generation.parameters.values, size).image
    elif (beforehand := context.drawn.find(generation.parameters)) is not None:
        pictures[ENGINE_FILE] = beforehand
    small, view = draw_photo(image, aligned)
    created = Created(
        photo=task.photo,
        name=name,
        mode=mode,
        mode_reason=reason,
        parameters=generation.parameters,
        losses=generation.losses,
        seconds=0.0,
        generation_seconds=generation_seconds,
        finder=aligned.landmarks.source,
        view=view,
        warnings=tuple(map(_without_advice, aligned.warnings)) if mode == "one-shot" else aligned.warnings,
        has_engine_picture=ENGINE_FILE in pictures,
        drawn_beforehand=beforehand is not None,
        read=generation.read,
        has_preview=draws(runtime),
        character=task.character,
    )
    more = {
        "bundle": runtime.bundle_name,
        "bundle_fingerprint": runtime.bundle_fingerprint,
        "made_with": runtime.describe_device(),
    }
    try:
        with character_folder(context.work, context.out / name) as place:
            if copy := keep_edits(context.out / name):
                sentence = f"the parameters that were edited here are kept in {copy}"
                created = replace(created, warnings=(*created.warnings, sentence))
            small.save(place / PHOTO_FILE, quality=88)
            for file, picture in pictures.items():
                Image.fromarray(picture).save(place / file, compress_level=COMPRESSION)
            write_parameters(place / PARAMETERS_FILE, generation.parameters, sync=False)  # nor are the pictures
            created = replace(created, seconds=time.perf_counter() - started)
            conditions = context.conditions.asked(task.photo, asked)
            text = result_text(created, task.stem, conditions, more, (place / PARAMETERS_FILE).read_bytes())
            (place / RESULT_FILE).write_text(text, encoding="utf-8")
    except InputError as error:
        raise _OutputError(str(error)) from error
    return created
