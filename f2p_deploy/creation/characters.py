"""Photos to characters, one after the other: aligned, generated, drawn, written, reported."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from f2p_deploy.alignment import AlignedFace, align, open_photo
from f2p_deploy.bundle import Bundle
from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.creation import folder, sources
from f2p_deploy.creation.finder import ChosenFinder
from f2p_deploy.creation.maker import Maker, maker_for
from f2p_deploy.creation.mode import check_modes, settle, ways_of
from f2p_deploy.creation.page import write_page
from f2p_deploy.creation.results import (
    ALIGNED_FILE,
    CHARACTER_FILE,
    ENGINE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    RESULT_FILE,
    Created,
    Failed,
    Report,
)
from f2p_deploy.creation.table import write_table
from f2p_deploy.creation.view import draw_photo
from f2p_deploy.engine.engine import Engine
from f2p_deploy.errors import F2PError, InputError, Interrupted, PhotoError
from f2p_deploy.runtimes import Runtime

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Told how far a run is."""

    def __call__(self, done: float, total: int, doing: str) -> None:
        """Take note.

        Args:
            done: characters made so far, with a fraction for the one being made.
            total: characters in all.
            doing: what is being done, as a few words.
        """
        ...


@dataclass(frozen=True)
class _Workshop:
    """What every photo of a run shares."""

    maker: Maker
    out: Path
    finder: ChosenFinder
    face: int | None
    keep: Parameters | None
    engine: Engine | None


def create_characters(
    photos: Sequence[Path],
    source: Bundle | Runtime,
    out: Path,
    modes: Sequence[str] = ("auto",),
    *,
    finder: ChosenFinder,
    face: int | None = None,
    keep: Parameters | None = None,
    engine: Engine | None = None,
    progress: Progress = lambda done, total, doing: None,
) -> Report:
    """Make a character of every photo, in every mode asked for.

    Each photo leaves `out/<stem>/parameters.json`, `aligned.png`, `character.png`, `result.json` (and `engine.png`),
    with several modes in `out/<stem>-<mode>`; all together `out/index.html` and `out/summary.csv`. A photo that no
    character can be made of is reported and does not stop the others.

    Args:
        photos: files and folders.
        source: a complete bundle, which PyTorch runs, or a runtime with an artifact.
        out: the output folder; what it holds is kept unless a result of the same name replaces it.
        modes: from `MODES`.
        finder: finds the faces.
        face: which face of each photo, 1 being the largest; the largest with a warning if not given.
        keep: a character whose locked controllers and discrete groups are kept.
        engine: draws the characters, too.
        progress: told how far it is.

    Raises:
        InputError: nothing to do, an unknown mode, parts of other schemas, an incomplete bundle or artifact, or a
            folder that cannot be written. Found before slow work where that is possible.
        MissingDependency: a bundle is to be run, and PyTorch is not installed.
        Interrupted: the user stopped it; the page shows what was made.
    """
    modes = check_modes(modes)
    ways = ways_of(modes)
    maker = maker_for(source)
    if face is not None and face < 1:
        raise InputError(f"faces are counted from 1, the largest; found {face}")
    expanded = sources.expand(photos)
    maker.check(ways)
    _check_schemas(maker, keep, engine)
    names = [stem if len(modes) == 1 else f"{stem}-{mode}" for stem in sources.folder_names(expanded) for mode in modes]
    folder.prepare(out, names)
    workshop = _Workshop(maker, out, finder, face, keep, engine)
    report = Report(out, maker.name, maker.schema.name, finder.sentence, notes=_notes(keep))
    total = len(names)
    progress(0, total, "loading the networks")
    maker.prepare(ways)
    report = replace(report, made_with=maker.made_with)
    results: list[Created | Failed] = []
    interrupted = False
    try:
        for i, photo in enumerate(expanded):
            first = i * len(modes)
            named = dict(zip(modes, names[first : first + len(modes)], strict=True))
            for result in _characters_of(photo, named, workshop, first, total, progress):
                results.append(result)
    except KeyboardInterrupt:
        interrupted = True
    report = replace(report, results=tuple(results))
    write_table(report, maker.schema)
    write_page(report)
    if interrupted:
        raise Interrupted(f"stopped after {len(results)} of {total} characters; {report.page} shows what was made")
    progress(total, total, "done")
    return report


def _characters_of(
    photo: Path, names: dict[str, str], workshop: _Workshop, first: int, total: int, progress: Progress
) -> Iterator[Created | Failed]:
    """Yield the characters of one photo, by mode and folder name; a failure is a result, too, and the last one."""
    progress(first, total, f"{photo.name}: finding the face")
    started = time.perf_counter()
    try:
        image, aligned = _align(photo, workshop)
        for i, (asked, name) in enumerate(names.items()):
            started = time.perf_counter() if i else started

            def within(fraction: float, doing: str, position: int = first + i) -> None:
                progress(position + fraction, total, f"{photo.name}: {doing}")

            yield _create(photo, name, asked, image, aligned, workshop, started, within)
    except PhotoError as error:
        yield Failed(photo, error.reason, str(error))
    except _OutputError:
        raise
    except F2PError as error:
        yield Failed(photo, "refused", str(error))
    except Exception as error:
        # One odd photo must not lose a folder of others; the traceback is in the log.
        logger.info("unexpected failure of %s", photo, exc_info=True)
        message = f"{photo.name}: unexpected {type(error).__name__}: {error}; this is a bug, --verbose shows where"
        yield Failed(photo, "unexpected", message)


class _OutputError(InputError):
    """The output folder cannot be written: no photo's fault, so it ends the run."""


def _align(photo: Path, workshop: _Workshop) -> tuple[np.ndarray, AlignedFace]:
    """Return the photo and its aligned face; every refusal begins with the photo's name."""
    image = open_photo(photo)
    settings = workshop.maker.settings
    size, template = settings.architecture.image_size, settings.alignment.landmarks
    try:
        return image.pixels, align(image, workshop.finder.finder, template, size, face=workshop.face, name=photo.name)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{photo.name}: {error}") from error
    except InputError as error:
        raise InputError(f"{photo.name}: {error}") from error


class _Within(Protocol):
    def __call__(self, fraction: float, doing: str) -> None: ...


def _create(
    photo: Path,
    name: str,
    asked: str,
    image: np.ndarray,
    aligned: AlignedFace,
    workshop: _Workshop,
    started: float,
    within: _Within,
) -> Created:
    """Generate one character and write its folder."""
    maker = workshop.maker
    mode, reason = settle(asked, aligned)
    iterations = (maker.settings.iterative if mode == "iterative" else maker.settings.hybrid).iterations
    within(0.0, mode)
    generating = time.perf_counter()
    generation = maker.generate(
        aligned.image,
        mode,
        workshop.keep,
        lambda done, loss: within(0.95 * done / iterations, f"{mode}, iteration {done}, loss {loss:.4f}"),
    )
    generation_seconds = time.perf_counter() - generating
    pictures = {ALIGNED_FILE: aligned.image, CHARACTER_FILE: maker.render(generation.parameters)}
    if workshop.engine is not None:
        within(0.95, "drawing with the engine")
        size = maker.settings.architecture.image_size
        pictures[ENGINE_FILE] = workshop.engine.render(generation.parameters.values, size).image
    small, view = draw_photo(image, aligned)
    created = Created(
        photo=photo,
        name=name,
        mode=mode,
        mode_reason=reason,
        parameters=generation.parameters,
        losses=generation.losses,
        seconds=0.0,
        generation_seconds=generation_seconds,
        finder=aligned.landmarks.source,
        view=view,
        warnings=aligned.warnings,
        has_engine_picture=workshop.engine is not None,
    )
    try:
        with folder.character_folder(workshop.out, name) as place:
            small.save(place / PHOTO_FILE, quality=88)
            for file, picture in pictures.items():
                Image.fromarray(picture).save(place / file)
            write_parameters(place / PARAMETERS_FILE, generation.parameters)
            created = replace(created, seconds=time.perf_counter() - started)
            content = {key: value for key, value in created.to_dict().items() if key != "parameters"}
            content |= {
                "bundle": maker.name,
                "bundle_fingerprint": maker.fingerprint,
                "made_with": maker.made_with,
            }
            (place / RESULT_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except InputError as error:
        raise _OutputError(str(error)) from error
    return created


def _check_schemas(maker: Maker, keep: Parameters | None, engine: Engine | None) -> None:
    """Refuse what cannot work together before anything is computed."""
    for what, part in (("the parameters to keep are", keep), ("the engine is", engine)):
        if part is not None and part.schema.fingerprint != maker.schema.fingerprint:
            named, own = part.schema.name, maker.schema.name
            raise InputError(f"{what} for schema {named!r}, the bundle {maker.name!r} is for {own!r}")


def _notes(keep: Parameters | None) -> tuple[str, ...]:
    if keep is None:
        return ()
    if not keep.locked:
        return ("The parameters to keep have no locked names, so nothing was kept.",)
    return (f"Kept as they were: {', '.join(sorted(keep.locked))}.",)
