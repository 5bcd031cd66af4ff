"""How far a character moves from that of the frontal photo when the head is turned (Fig. 11 and 13 of the paper)."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, align
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.evaluation.landmarks.landmark_groups import mesh_distances
from f2p_deploy.evaluation.landmarks.landmark_photo import face_in
from f2p_deploy.evaluation.landmarks.measure_landmarks import check_bundle
from f2p_deploy.evaluation.pose.pose_series import PoseSeries
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode, to_planes
from f2p_deploy.runtimes import Runtime, TorchRuntime, graph_calls, search
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress, silent

logger = logging.getLogger(__name__)

#: Names of the figures of a character against the frontal one, in the order of the arrays: mean change of a slider;
#: share of changed choices; cosine of the descriptors of both pictures; mean mesh distance / outer-eye distance.
POSE_FIGURES = ("sliders", "choices", "identity", "landmarks")


@dataclass(frozen=True)
class DrawnCharacter:
    """A generated character, drawn by the engine from the front.

    Args:
        values: (n,) parameters.
        picture: (S, S, 3) uint8.
        identity: (d,) descriptor of the picture.
        mesh: (478, 2) in the picture; None if no face was detected.
    """

    values: np.ndarray
    picture: np.ndarray
    identity: np.ndarray
    mesh: np.ndarray | None


@dataclass(frozen=True)
class PosedResult:
    """The characters made from one photo.

    Args:
        yaw: of the head in degrees, at the nearest place of the sweep.
        frontal: it is the frontal photo that the others are compared with.
        figures: (4,) in the order of `POSE_FIGURES`, by mode.
        error: mean difference of a slider from the known character, by mode; empty for a person.
    """

    yaw: int
    frontal: bool
    figures: Mapping[str, np.ndarray]
    error: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasuredSeries:
    """The results of one head.

    Args:
        name: of the person or character.
        results: of the photos that have a usable face.
        strips: pictures in the order of the results, each (S, S, 3) uint8, by mode, and of the aligned photos as
            `photo`; empty if the series is not shown.
    """

    name: str
    results: tuple[PosedResult, ...]
    strips: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class PoseReport:
    """The measurement of all series.

    Args:
        bundle, label, fingerprint: the bundle's name, its name on the page, and its fingerprint.
        modes: in which characters were made.
        yaws: places of the sweep in degrees.
        known: the photos were drawn from known characters.
        series: in order.
        others: (4,) mean figures between the frontal results of two different heads, by mode; NaN with one head.
        refused: (name of the series and photo, yaw or None, message) of photos without a usable face.
        left_out: names of series without a frontal photo.
        complete: whether all series were measured.
    """

    bundle: str
    label: str
    fingerprint: str
    modes: tuple[str, ...]
    yaws: tuple[int, ...]
    known: bool
    series: tuple[MeasuredSeries, ...]
    others: Mapping[str, np.ndarray]
    refused: tuple[tuple[str, int | None, str], ...]
    left_out: tuple[str, ...]
    complete: bool = True

    def at(self, yaw: int) -> list[PosedResult]:
        """Return the results at a place of the sweep, without the frontal photos that others are compared with."""
        return [one for series in self.series for one in series.results if one.yaw == yaw and not one.frontal]

    def mean(self, mode: str, figure: str, yaw: int) -> float:
        """Return the mean of a figure at a place; NaN if there is no result. A lost face counts as infinitely far."""
        values = [one.figures[mode][POSE_FIGURES.index(figure)] for one in self.at(yaw)]
        return float(np.mean(values)) if values else float("nan")

    def mean_error(self, mode: str, yaw: int) -> float:
        """Return the mean error of the sliders at a place, frontal photos included; NaN without a known character."""
        values = [one.error[mode] for series in self.series for one in series.results if one.yaw == yaw and one.error]
        return float(np.mean(values)) if values else float("nan")


@dataclass(frozen=True)
class _Tools:
    runtime: Runtime
    engine: Engine
    finder: LandmarkFinder
    modes: tuple[str, ...]
    yaws: tuple[int, ...]

    @property
    def size(self) -> int:
        return self.runtime.settings.architecture.image_size

    def align(self, photo: np.ndarray) -> AlignedFace:
        return align(photo, self.finder, self.runtime.settings.alignment.landmarks, self.size)

    def nearest(self, yaw: float) -> int:
        return min(self.yaws, key=lambda place: abs(place - yaw))

    def character(self, face: AlignedFace, mode: str) -> DrawnCharacter:
        """Return the character of an aligned photo, drawn from the front."""
        shape = face.landmarks.shape
        values = search.generate(self.runtime, face.image, cast(Mode, mode), shape=shape).parameters.values
        picture = self.engine.render(values, self.size).image
        identity = graph_calls.describe(self.runtime, to_planes(picture, self.size))["identity"][0]
        found = face_in(self.finder, picture)
        return DrawnCharacter(values, picture, identity, None if found is None else found.dense)


def measure_pose(
    series: Iterable[PoseSeries],
    total: int,
    bundle: Bundle,
    engine: Engine,
    finder: LandmarkFinder,
    modes: tuple[str, ...],
    yaws: tuple[int, ...],
    *,
    shown: int = 3,
    progress: Progress = silent,
) -> PoseReport:
    """Make the characters of every photo and compare them with those of the frontal photo.

    Args:
        series: heads, see `drawn_series` and `people_series`.
        total: number of series.
        bundle: makes the characters.
        engine: draws them, for the bundle's schema.
        finder: gives MediaPipe's mesh.
        modes: of generation.
        yaws: places of the sweep in degrees, 0 among them.
        shown: number of series whose pictures are kept.
        progress: called with the number of photos done.

    Returns:
        The report; after Ctrl-C it covers the series so far.

    Raises:
        InputError: an engine of another schema, or a bundle that lacks a network.
    """
    check_bundle(bundle, engine, modes, imitator=False)
    tools = _Tools(TorchRuntime(bundle), engine, finder, modes, yaws)
    measured: list[MeasuredSeries] = []
    frontal: list[Mapping[str, DrawnCharacter]] = []
    refused: list[tuple[str, int | None, str]] = []
    left_out: list[str] = []
    known = complete = True
    try:
        for done, one in enumerate(series):
            progress(f"{one.name}: finding faces", done, total)
            known = known and one.truth is not None
            faces = _align_photos(one, tools, refused)
            base = _frontal_of(faces)
            if base is None:
                left_out.append(one.name)
                continue
            characters = []
            for i, (_, face) in enumerate(faces):
                progress(f"{one.name}: photo {i + 1} of {len(faces)}", done + i / len(faces), total)
                characters.append({mode: tools.character(face, mode) for mode in modes})
            frontal.append(characters[base])
            keep = len(measured) < shown
            measured.append(_measured(one, faces, characters, base, bundle.schema, keep))
    except KeyboardInterrupt:
        complete = False
        logger.info("stopped after %d of %d series", len(measured), total)
    others = {mode: _between([one[mode] for one in frontal], bundle.schema) for mode in modes}
    return PoseReport(
        bundle.name,
        bundle.label,
        bundle.fingerprint,
        modes,
        yaws,
        known,
        tuple(measured),
        others,
        tuple(refused),
        tuple(left_out),
        complete,
    )


def _align_photos(
    one: PoseSeries, tools: _Tools, refused: list[tuple[str, int | None, str]]
) -> list[tuple[int, AlignedFace]]:
    """Return yaw and aligned face of the photos that have one, by yaw; the others are added to `refused`."""
    faces = []
    for photo in one.photos:
        try:
            face = tools.align(photo.read())
        except InputError as error:
            refused.append((f"{one.name}, {photo.name}", photo.yaw, str(error)))
            continue
        yaw = tools.nearest(face.landmarks.yaw or 0.0) if photo.yaw is None else photo.yaw
        faces.append((yaw, face))
    return sorted(faces, key=lambda pair: (pair[0], pair[1].landmarks.yaw or 0.0))


def _frontal_of(faces: Sequence[tuple[int, AlignedFace]]) -> int | None:
    """Return the index of the photo at 0 degrees with the smallest measured yaw."""
    candidates = [i for i, (yaw, _) in enumerate(faces) if yaw == 0]
    return min(candidates, key=lambda i: abs(faces[i][1].landmarks.yaw or 0.0), default=None)


def _measured(
    one: PoseSeries,
    faces: Sequence[tuple[int, AlignedFace]],
    characters: Sequence[Mapping[str, DrawnCharacter]],
    base: int,
    schema: Schema,
    keep: bool,
) -> MeasuredSeries:
    results = []
    for i, ((yaw, _), made) in enumerate(zip(faces, characters, strict=True)):
        figures = {mode: compare_characters(characters[base][mode], drawn, schema) for mode, drawn in made.items()}
        error = {}
        if one.truth is not None:
            error = {mode: slider_change(one.truth, drawn.values, schema) for mode, drawn in made.items()}
        results.append(PosedResult(yaw, i == base, figures, error))
    strips: dict[str, Sequence[np.ndarray]] = {}
    if keep:
        strips["photo"] = [face.image for _, face in faces]
        strips |= {mode: [made[mode].picture for made in characters] for mode in characters[base]}
    return MeasuredSeries(one.name, tuple(results), strips)


def compare_characters(reference: DrawnCharacter, other: DrawnCharacter, schema: Schema) -> np.ndarray:
    """Return (4,) figures in the order of `POSE_FIGURES`; the landmark distance is infinite if a face is lost."""
    differ = [
        int(reference.values[part].argmax() != other.values[part].argmax()) for part in schema.discrete_slices.values()
    ]
    a, b = reference.identity.astype(np.float64), other.identity.astype(np.float64)
    cosine = float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12)
    apart = np.inf if reference.mesh is None else mesh_distances(reference.mesh, other.mesh)[-1]
    change = slider_change(reference.values, other.values, schema)
    return np.array([change, np.mean(differ) if differ else 0.0, cosine, apart])


def slider_change(one: np.ndarray, other: np.ndarray, schema: Schema) -> float:
    """Return the mean absolute difference of the controllers of two (n,) vectors, in shares of their ranges."""
    return float(np.abs(one[: schema.n_c] - other[: schema.n_c]).mean())


def _between(characters: Sequence[DrawnCharacter], schema: Schema) -> np.ndarray:
    """Return the mean figures between each head's frontal result and the next one's."""
    if len(characters) < 2:
        return np.full(len(POSE_FIGURES), np.nan)
    following = [*characters[1:], characters[0]]
    return np.mean([compare_characters(a, b, schema) for a, b in zip(characters, following, strict=True)], axis=0)
