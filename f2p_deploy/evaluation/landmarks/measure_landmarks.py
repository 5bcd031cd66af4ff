"""The landmark distance between a photo's face and its character's face, drawn by the engine.

MediaPipe finds its mesh in the photo and in the render. The photo's points are transformed into the aligned square; the
render's points need no transform, since photos are aligned to the engine's front view. In this measure the photo's pose
and expression count as errors, so the pose-true distance is measured as well: see `pose_true`.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, MediaPipeFinder, find_landmarker_model
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import suggestion
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.engine_identity import engine_identity
from f2p_deploy.evaluation.landmarks.degrade import Condition
from f2p_deploy.evaluation.landmarks.expression import ExpressionReader, load_expression_table
from f2p_deploy.evaluation.landmarks.landmark_photo import PICTURES, MeasurementContext, face_in, measure_photo
from f2p_deploy.evaluation.landmarks.landmark_report import LandmarkReport, Measured, Refused, imitated
from f2p_deploy.evaluation.landmarks.pose_true import Posing, can_turn
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.pipeline import folder
from f2p_deploy.pipeline.folder_names import folder_names
from f2p_deploy.runtimes.torch_runtime import require_torch
from f2p_deploy.system.errors import InputError, MissingDependency, PhotoError
from f2p_deploy.system.extras import require
from f2p_deploy.system.names import shown
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.photo_choice import photo_name, select_photos

logger = logging.getLogger(__name__)

MODES = ("one-shot", "iterative", "hybrid")


def check_measured_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """Return the modes without duplicates; all three if none are given.

    Raises:
        InputError: an unknown mode.
    """
    for mode in modes:
        if mode not in MODES:
            raise InputError(f"no mode named {mode!r}{suggestion(mode, MODES)}")
    return tuple(dict.fromkeys(modes)) or MODES


def open_landmarker(model: Path | None = None) -> MediaPipeFinder:
    """Return the landmark finder for photos and renders, the only one that gives a mesh.

    Args:
        model: MediaPipe's model file; by default F2P_FACE_LANDMARKER, else the downloaded file.

    Raises:
        MissingDependency: MediaPipe or its model file is not installed.
        InputError: the named file is no face landmarker.
    """
    require("faces", "comparing the meshes of photos and renders")
    path = find_landmarker_model(model)
    if path is None:
        raise MissingDependency(
            "faces are compared by MediaPipe's mesh, and its model file was not found: "
            "f2p-deploy landmarker downloads it (4 MB), --landmarker names it"
        )
    return MediaPipeFinder(path)


def open_expression_reader(model: Path | None = None) -> ExpressionReader:
    """Return the reader of expressions in photos; it uses the same model file as `open_landmarker`.

    Raises:
        MissingDependency, InputError: see `open_landmarker`.
    """
    path = find_landmarker_model(model)
    if path is None:
        raise MissingDependency("expressions are read with MediaPipe's model file, not found: --landmarker names it")
    return ExpressionReader(path)


def measure_landmarks(
    photos: Sequence[Path],
    bundle: Bundle,
    engine: Engine,
    finder: LandmarkFinder,
    modes: Sequence[str] = MODES,
    *,
    only: str = "all",
    limit: int | None = None,
    imitator: bool = False,
    conditions: Sequence[Condition] = (),
    seed: int = 0,
    out: Path | None = None,
    expression: ExpressionReader | None = None,
    progress: Progress = silent,
) -> LandmarkReport:
    """Make, draw and compare each photo's character in each mode, the average face and a random character.

    Args:
        photos: files and folders.
        bundle: a complete bundle.
        engine: draws the characters; for the bundle's schema.
        finder: gives MediaPipe's mesh, see `open_landmarker`.
        modes: from `MODES`.
        only, limit: selection of the photos, see `select_photos`.
        imitator: also compare the imitator's pictures.
        conditions: by which the photos are degraded, one at a time; the sharp photo's mesh stays the ground truth.
        seed: random seed of characters and noise; those of a photo do not depend on the other photos.
        out: folder for the pictures.
        expression: reads the expression that the pose-true distance removes, see `open_expression_reader`; None removes
            nothing.
        progress: called with the progress.

    Returns:
        The report; after Ctrl-C it covers the photos so far.

    Raises:
        InputError: no photo, an unknown mode, an engine of another schema, a bundle that lacks a network, or a folder
            that cannot be written.
        MissingDependency: PyTorch is not installed.
    """
    require_torch("measuring characters")
    modes = check_measured_modes(modes)
    chosen = select_photos(photos, only, limit)
    check_bundle(bundle, engine, modes, imitator)
    if out is not None:
        folder.prepare_folder(out, (PICTURES,))
        folder.prepare_folder(out / PICTURES, ())
    progress("drawing the average face", 0, len(chosen) * _pictures_per_photo(modes, conditions))
    usual = engine.render(average(bundle.schema).values, bundle.settings.architecture.image_size).image
    posing = _make_posing(bundle, engine, finder, expression)
    spoiling, face = tuple(conditions), face_in(finder, usual)
    context = MeasurementContext(bundle, engine, finder, modes, imitator, spoiling, seed, out, usual, face, posing)
    measured, refused = _measure_photos(chosen, context, progress)
    return _make_report(context, only, len(chosen), measured, refused)


def _pictures_per_photo(modes: Sequence[str], conditions: Sequence[Condition]) -> int:
    """Return the number of characters made from one photo, sharp and under every condition."""
    return len(modes) * (1 + len(conditions))


def _make_posing(bundle: Bundle, engine: Engine, finder: LandmarkFinder, expression: ExpressionReader | None) -> Posing:
    """Return the object that draws characters at a photo's pose; it tests on the average face if the engine can."""
    size = bundle.settings.architecture.image_size
    template = np.array([bundle.settings.alignment.landmarks[name] for name in LANDMARKS]) * size
    turns = can_turn(engine, average(bundle.schema).values, size)
    table = None if expression is None else load_expression_table()
    return Posing(engine, finder, template, size, turns, expression, table)


def _measure_photos(
    chosen: Sequence[Path], context: MeasurementContext, progress: Progress
) -> tuple[list[Measured], list[Refused]]:
    """Measure every photo; one that cannot be measured is refused, and Ctrl-C ends the list early."""
    each = _pictures_per_photo(context.modes, context.conditions)
    measured: list[Measured] = []
    refused: list[Refused] = []
    try:
        for i, (photo, stem) in enumerate(zip(chosen, folder_names(chosen), strict=True)):

            def within(done: int, doing: str, first: int = i * each, photo: Path = photo) -> None:
                progress(f"{shown(photo.name)}: {doing}", first + done, len(chosen) * each)

            try:
                measured.append(measure_photo(photo, stem, context, within))
            except PhotoError as error:
                refused.append(Refused(photo_name(photo), error.reason, str(error)))
    except KeyboardInterrupt:
        logger.info("stopped after %d of %d photos", len(measured) + len(refused), len(chosen))
    return measured, refused


def _make_report(
    context: MeasurementContext, only: str, total: int, measured: Sequence[Measured], refused: Sequence[Refused]
) -> LandmarkReport:
    """Return the report of what was measured in a context."""
    return LandmarkReport(
        bundle=context.bundle.name,
        label=context.bundle.label,
        fingerprint=context.bundle.fingerprint,
        schema=context.bundle.schema.name,
        modes=context.modes,
        total=total,
        measured=tuple(measured),
        refused=tuple(refused),
        also=tuple(imitated(mode) for mode in context.modes) if context.imitator else (),
        conditions=context.conditions,
        seed=context.seed,
        only=only,
        turns=context.posing.turns,
        neutral=context.posing.expression is not None,
        engine=engine_identity(context.engine),
    )


def check_bundle(bundle: Bundle, engine: Engine, modes: Sequence[str], imitator: bool) -> None:
    """Check that bundle and engine fit together, and load the needed networks.

    Raises:
        InputError: an engine of another schema, or a bundle that lacks a network.
    """
    if engine.schema.fingerprint != bundle.schema.fingerprint:
        own, other = bundle.schema.name, engine.schema.name
        raise InputError(f"the engine is for schema {other!r}, the bundle {bundle.name!r} is for {own!r}")
    needed = ["similarity"]
    drawn_by_it = bundle.settings.search == "imitator" and any(mode != "one-shot" for mode in modes)
    needed += ["imitator"] if imitator or drawn_by_it else []
    needed += ["translator"] if any(mode != "iterative" for mode in modes) else []
    for network in needed:
        getattr(bundle, network)
