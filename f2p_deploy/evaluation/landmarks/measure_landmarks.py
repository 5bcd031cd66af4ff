"""The landmark distance: how far a character's face, drawn by the engine, is from the photo's.

MediaPipe finds its mesh in the photo and in the render. The photo's points are carried into the aligned square; the
render's are taken as the engine drew them, since its front view is the frame that photos are aligned to. There the
photo's pose and expression count as errors, so the pose-true distance stands beside it: see `pose_true`.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, MediaPipeFinder, find_landmarker_model
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import suggestion
from f2p_deploy.engine.engine import Engine
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
from f2p_deploy.training.data.photo_choice import photo_name, select_photos

logger = logging.getLogger(__name__)

MODES = ("one-shot", "iterative", "hybrid")

#: Told (characters made so far, characters in all, what is being done).
Progress = Callable[[int, int, str], None]


def check_measured_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """Return the modes, each once; all three for none.

    Raises:
        InputError: an unknown one.
    """
    for mode in modes:
        if mode not in MODES:
            raise InputError(f"no mode named {mode!r}{suggestion(mode, MODES)}")
    return tuple(dict.fromkeys(modes)) or MODES


def open_landmarker(model: Path | None = None) -> MediaPipeFinder:
    """Return the finder that photos and renders are compared with; no other one gives a mesh.

    Args:
        model: MediaPipe's model file; else F2P_FACE_LANDMARKER, else the downloaded one.

    Raises:
        MissingDependency: MediaPipe or its model file is not here.
        InputError: the named file is no face landmarker.
    """
    require("faces", "comparing the meshes of photos and renders")
    found = find_landmarker_model(model)
    if found is None:
        raise MissingDependency(
            "faces are measured by MediaPipe's mesh, and its model file is not here: "
            "f2p-deploy landmarker downloads it (4 MB), --landmarker names it"
        )
    return MediaPipeFinder(found)


def open_expression_reader(model: Path | None = None) -> ExpressionReader:
    """Return what reads the expressions of photos, from the same model file as `open_landmarker`.

    Raises:
        MissingDependency, InputError: see there.
    """
    found = find_landmarker_model(model)
    if found is None:
        raise MissingDependency("expressions are read with MediaPipe's model file, not found: --landmarker names it")
    return ExpressionReader(found)


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
    progress: Progress = lambda done, total, doing: None,
) -> LandmarkReport:
    """Generate, draw and compare each photo's character in each mode, beside the average face and a random character.

    Args:
        photos: files and folders.
        bundle: a complete one.
        engine: draws the characters; for the bundle's schema.
        finder: gives MediaPipe's mesh, see `open_landmarker`.
        modes: from `MODES`.
        only, limit: which of the photos, see `select_photos`.
        imitator: compare the imitator's pictures, too.
        conditions: that the photos are spoiled by, each on its own; the sharp photo's mesh stays the truth.
        seed: of the random characters and the noise; a photo's are the same whatever other photos there are.
        out: a folder to leave the pictures in.
        expression: reads what is taken out of the photos' meshes for the pose-true distance, see
            `open_expression_reader`; None leaves expression in.
        progress: told how far it is.

    Returns:
        What was measured; if the user stopped it, of the photos so far.

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
    each = len(modes) * (1 + len(conditions))
    total = len(chosen) * each
    progress(0, total, "drawing the average face")
    usual, size = average(bundle.schema).values, bundle.settings.architecture.image_size
    drawn = engine.render(usual, size).image
    template = np.array([bundle.settings.alignment.landmarks[name] for name in LANDMARKS]) * size
    table = None if expression is None else load_expression_table()
    posing = Posing(engine, finder, template, size, can_turn(engine, usual, size), expression, table)
    context = MeasurementContext(
        bundle,
        engine,
        finder,
        modes,
        imitator,
        tuple(conditions),
        seed,
        out,
        average=drawn,
        average_face=face_in(finder, drawn),
        posing=posing,
    )
    measured: list[Measured] = []
    refused: list[Refused] = []
    try:
        for i, (photo, stem) in enumerate(zip(chosen, folder_names(chosen), strict=True)):

            def within(done: int, doing: str, first: int = i * each, photo: Path = photo) -> None:
                progress(first + done, total, f"{shown(photo.name)}: {doing}")

            try:
                measured.append(measure_photo(photo, stem, context, within))
            except PhotoError as error:
                refused.append(Refused(photo_name(photo), error.reason, str(error)))
    except KeyboardInterrupt:
        logger.info("stopped after %d of %d photos", len(measured) + len(refused), len(chosen))
    return LandmarkReport(
        bundle=bundle.name,
        fingerprint=bundle.fingerprint,
        schema=bundle.schema.name,
        modes=modes,
        total=len(chosen),
        measured=tuple(measured),
        refused=tuple(refused),
        also=tuple(imitated(mode) for mode in modes) if imitator else (),
        conditions=tuple(conditions),
        seed=seed,
        only=only,
        turns=posing.turns,
        neutral=expression is not None,
    )


def check_bundle(bundle: Bundle, engine: Engine, modes: Sequence[str], imitator: bool) -> None:
    """Refuse what does not fit together, and read the networks that will be needed."""
    if engine.schema.fingerprint != bundle.schema.fingerprint:
        own, other = bundle.schema.name, engine.schema.name
        raise InputError(f"the engine is for schema {other!r}, the bundle {bundle.name!r} is for {own!r}")
    needed = ["similarity"]
    drawn_by_it = bundle.settings.search == "imitator" and any(mode != "one-shot" for mode in modes)
    needed += ["imitator"] if imitator or drawn_by_it else []
    needed += ["translator"] if any(mode != "iterative" for mode in modes) else []
    for network in needed:
        getattr(bundle, network)
