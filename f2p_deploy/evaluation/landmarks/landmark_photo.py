"""The landmark distance on one photo: its characters, the average face and a random face, sharp and degraded."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from f2p_deploy.alignment import AlignedFace, align, read_photo
from f2p_deploy.alignment.landmarks import LandmarkFinder, Landmarks
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.parameters import average, random_batch
from f2p_deploy.engine.engine import Engine
from f2p_deploy.evaluation.landmarks.degrade import Condition, degrade
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, eye_distance, mesh_distances
from f2p_deploy.evaluation.landmarks.landmark_report import AVERAGE, PHOTO, RANDOM, Measured, Spoiled, imitated, turned
from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue, Posing, compare_posed
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode
from f2p_deploy.runtimes import Runtime, TorchRuntime, graph_calls, search
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.system.files import open_whole
from f2p_deploy.training.data.photo_choice import photo_name

#: Folder of the pictures in the output folder.
PICTURES = "pictures"

#: A degraded photo's face farther than this from the sharp photo's, in outer-eye distances, is another face.
_OTHER_FACE = 0.5

#: Edge in pixels of the squares in the pictures of degraded photos.
_STRIP = 128

#: Called with (pictures of this photo drawn so far, description of the activity).
Within = Callable[[int, str], None]


@dataclass(frozen=True)
class MeasurementContext:
    """The settings and tools shared by all photos of a measurement.

    Args:
        bundle: makes the characters.
        engine: draws them.
        finder: gives MediaPipe's mesh.
        modes: in which characters are made.
        imitator: also compare the imitator's pictures.
        conditions: by which the photos are degraded.
        seed: random seed of characters and noise.
        out: folder for pictures, if any.
        average: (S, S, 3) uint8, the average face drawn by the engine.
        average_face: its landmarks; None if no face was detected.
        posing: turns characters to the pose of the photo.
    """

    bundle: Bundle
    engine: Engine
    finder: LandmarkFinder
    modes: tuple[str, ...]
    imitator: bool
    conditions: tuple[Condition, ...]
    seed: int
    out: Path | None
    average: np.ndarray
    average_face: Landmarks | None
    posing: Posing

    @property
    def size(self) -> int:
        """Edge of all pictures in pixels."""
        return self.bundle.settings.architecture.image_size

    @cached_property
    def runtime(self) -> Runtime:
        """The runtime that makes characters, the same as in `f2p-deploy run`."""
        return TorchRuntime(self.bundle)


@dataclass(frozen=True)
class _Comparison:
    """The figures and pictures of one aligned face, filled step by step.

    Args:
        truth: (478, 2) mesh of the person in the aligned square.
    """

    truth: np.ndarray
    finder: LandmarkFinder
    distances: dict[str, np.ndarray] = field(default_factory=dict)
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    faces: dict[str, Landmarks | None] = field(default_factory=dict)
    parameters: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, subject: str, picture: np.ndarray, parameters: np.ndarray | None = None) -> None:
        """Find the face of an (S, S, 3) uint8 picture and compare it; keep the (n,) parameters it was drawn from."""
        self.put(subject, picture, face_in(self.finder, picture), parameters)

    def put(
        self, subject: str, picture: np.ndarray, face: Landmarks | None, parameters: np.ndarray | None = None
    ) -> None:
        """Compare a picture with a face that was already detected."""
        self.pictures[subject] = picture
        self.faces[subject] = face
        self.distances[subject] = mesh_distances(self.truth, None if face is None else face.dense)
        if parameters is not None:
            self.parameters[subject] = parameters


def face_in(finder: LandmarkFinder, picture: np.ndarray) -> Landmarks | None:
    """Return the largest face in a picture, with its mesh; None if there is none."""
    faces = [face for face in finder.find(picture) if face.dense is not None]
    return faces[0] if faces else None


def measure_photo(photo: Path, stem: str, context: MeasurementContext, within: Within) -> Measured:
    """Measure one photo, sharp and under every condition.

    Args:
        photo: the file.
        stem: prefix of the names of its pictures.
        context: shared by all photos.
        within: called with the progress.

    Raises:
        PhotoError: it cannot be read, or has no face that can be aligned and has a MediaPipe mesh.
    """
    within(0, "finding the face")
    image = read_photo(photo)
    try:
        face = _align(image, context)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{photo.name}: {error}") from error
    mesh = _mesh(face)
    comparison = _Comparison(transform(face.matrix, mesh), context.finder)
    comparison.add(PHOTO, face.image)
    comparison.put(AVERAGE, context.average, context.average_face, average(context.bundle.schema).values)
    seed = _seed_of(photo, context.seed)
    (stranger,) = random_batch(context.bundle.schema, 1, seed)
    comparison.add(RANDOM, context.engine.render(stranger, context.size).image, stranger)
    for done, mode in enumerate(context.modes):
        within(done, mode)
        _add_character(face, mode, comparison, context, context.imitator)
    pose_true = _pose_true(face, comparison, context)
    spoiled = {}
    for i, condition in enumerate(context.conditions, start=1):
        bad = degrade(image, eye_distance(mesh), condition, seed)
        if bad is not None:
            within(i * len(context.modes), condition.label)
            name = f"{stem}-{condition.kind}-{condition.strength:g}"
            spoiled[condition.label] = _measure_spoiled(bad, image, face, context, name)
    return Measured(
        photo_name(photo),
        face.landmarks.yaw or 0.0,
        eye_distance(mesh),
        comparison.distances,
        _keep(comparison.pictures, stem, context.out),
        spoiled,
        pose_true,
    )


def _pose_true(face: AlignedFace, comparison: _Comparison, context: MeasurementContext) -> PoseTrue:
    """Compare every character whose parameters are known, drawn at the photo's pose."""
    posing = context.posing
    again = comparison.faces[PHOTO]
    meshes = {PHOTO: posing.again(face, None if again is None else again.dense)}
    missed = {}
    for subject, parameters in comparison.parameters.items():
        drawn = posing.turn(parameters, comparison.faces[subject], comparison.pictures[subject], face.landmarks)
        meshes[subject] = None if drawn.face is None else posing.place(np.asarray(drawn.face.dense))
        if posing.turns and drawn.face is not None:
            missed[subject] = drawn.missed
            comparison.pictures[turned(subject)] = drawn.picture
    return compare_posed(posing.truth_of(face), meshes, missed, face.landmarks, posing.size)


def _measure_spoiled(
    bad: np.ndarray, image: np.ndarray, face: AlignedFace, context: MeasurementContext, name: str
) -> Spoiled:
    """Measure a degraded photo against the mesh of the sharp photo, in the alignment of the sharp photo.

    The person's shape stays the ground truth. A shifted alignment of the degraded photo affects the figures only
    through the character made from it, and is reported separately as `moved`.

    Args:
        bad: (h, w, 3) uint8, the whole photo, degraded.
        image: (H, W, 3) uint8, the sharp photo.
        face: aligned face of the sharp photo.
        context: shared by all photos.
        name: of the picture to write, without suffix.
    """
    failed = {mode: np.full(len(FIGURES), np.inf) for mode in context.modes}
    try:
        again = _align(bad, context)
    except PhotoError as error:
        return Spoiled(failed, error.reason)
    truth = transform(face.matrix, _mesh(face))
    shrunk = np.array(bad.shape[1::-1]) / np.array(image.shape[1::-1])
    apart = transform(again.matrix, face.landmarks.array * shrunk) - transform(face.matrix, face.landmarks.array)
    moved = float(np.hypot(*apart.T).mean()) / eye_distance(truth)
    if moved > _OTHER_FACE:
        return Spoiled(failed, "other-face", moved)
    comparison = _Comparison(truth, context.finder)
    for mode in context.modes:
        _add_character(again, mode, comparison, context)
    picture = ""
    if context.out is not None:
        strip = np.concatenate([_small(one) for one in (again.image, *comparison.pictures.values())], axis=1)
        picture = _write(strip, name, context.out)
    return Spoiled(comparison.distances, moved=moved, picture=picture)


def _add_character(
    face: AlignedFace, mode: str, comparison: _Comparison, context: MeasurementContext, imitator: bool = False
) -> None:
    """Generate one character from an aligned face, draw it and compare it."""
    shape = face.landmarks.shape
    parameters = search.generate(context.runtime, face.image, cast(Mode, mode), shape=shape).parameters
    comparison.add(mode, context.engine.render(parameters.values, context.size).image, parameters.values)
    if imitator:
        comparison.add(imitated(mode), graph_calls.render(context.runtime, parameters))


def _align(image: np.ndarray, context: MeasurementContext) -> AlignedFace:
    """Return the largest face, aligned; implausible landmarks and a missing mesh refuse the photo as well."""
    template = context.bundle.settings.alignment.landmarks
    try:
        face = align(image, context.finder, template, context.size)
    except PhotoError:
        raise
    except InputError as error:
        raise PhotoError("refused", str(error)) from error
    if face.landmarks.dense is None:
        raise PhotoError("refused", f"{face.landmarks.source} gives no mesh of the face; MediaPipe does")
    return face


def _small(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((_STRIP, _STRIP), Image.Resampling.LANCZOS))


def _mesh(face: AlignedFace) -> np.ndarray:
    return np.asarray(face.landmarks.dense)


def _seed_of(photo: Path, seed: int) -> int:
    """Return a seed that depends on the photo, so that its figures do not depend on the other photos."""
    return int.from_bytes(hashlib.sha256(os.fsencode(f"{seed} {photo_name(photo)}")).digest()[:6])


def _keep(pictures: dict[str, np.ndarray], stem: str, out: Path | None) -> dict[str, str]:
    """Write the pictures of one photo if there is a folder for them; return their files by subject."""
    if out is None:
        return {}
    return {
        subject: _write(picture, f"{stem}-{subject.replace(', ', '-')}", out) for subject, picture in pictures.items()
    }


def _write(picture: np.ndarray, name: str, out: Path) -> str:
    """Write one picture; return its file, relative to the output folder."""
    file = f"{PICTURES}/{name}.jpg"
    try:
        with open_whole(out / file) as opened:
            Image.fromarray(picture).save(opened, "JPEG", quality=90)
    except InputError as error:
        raise PhotoError("unwritable", str(error)) from error
    return file
