"""The likeness of photos and characters, measured by an independent face recogniser.

A judge that was not used in training describes the photo and the engine's picture of the character. A recogniser alone
is a lenient measure, so further figures are reported: skin colour, sex and age by another judge, options compared with
labels, and sliders at an end of their range.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, align, open_photo
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.engine_identity import engine_identity
from f2p_deploy.evaluation.landmarks.landmark_report import Refused, imitated
from f2p_deploy.evaluation.landmarks.measure_landmarks import check_bundle, check_measured_modes
from f2p_deploy.evaluation.likeness.identification import Identification, identify
from f2p_deploy.evaluation.likeness.judge import Judge
from f2p_deploy.evaluation.likeness.option_figures import LabelFigures, compare_labels
from f2p_deploy.evaluation.likeness.skin import SkinFigures, cheek_colour, compare_skin
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode
from f2p_deploy.runtimes import Runtime, graph_calls, search
from f2p_deploy.runtimes.torch_runtime import TorchRuntime, require_torch
from f2p_deploy.system.errors import InputError, PhotoError
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.photo_choice import photo_name, select_photos

if TYPE_CHECKING:
    from f2p_deploy.evaluation.likeness.age_sex_figures import AgeSexFigures
    from f2p_deploy.training.data.age_sex import AgeSex, AgeSexJudge
    from f2p_deploy.training.data.labels import Labels

logger = logging.getLogger(__name__)

#: A controller within this distance of an end of its range counts as at the end.
AT_END = 0.01


@dataclass(frozen=True)
class Likeness:
    """One person's character in one mode.

    Args:
        picture: (S, S, 3) uint8 RGB.
        descriptor: (d,) of the judge.
        cheeks: (3,) CIE Lab; NaN if no face was detected in the picture.
        parameters: the character.
        found: a face was detected in the picture.
        age_sex: estimate of the age and sex judge, if there is one and a face.
    """

    picture: np.ndarray
    descriptor: np.ndarray
    cheeks: np.ndarray
    parameters: Parameters
    found: bool
    age_sex: "AgeSex | None" = None


@dataclass(frozen=True)
class Person:
    """One photo and its characters.

    Args:
        name: folder and file.
        face: (S, S, 3) uint8 RGB, aligned.
        descriptor: (d,) of the judge, from the photo itself.
        cheeks: (3,) CIE Lab.
        shape: (24,) of the face, see `f2p_deploy.character.face_shape`.
        characters: by mode, and by `imitated(mode)` for the imitator's pictures.
        age_sex: estimate of the age and sex judge for the photo, if there is one.
    """

    name: str
    face: np.ndarray
    descriptor: np.ndarray
    cheeks: np.ndarray
    shape: np.ndarray | None = None
    characters: dict[str, Likeness] = field(default_factory=dict)
    age_sex: "AgeSex | None" = None


@dataclass(frozen=True)
class LikenessReport:
    """The whole likeness measurement.

    Args:
        bundle, label, fingerprint: of the bundle that made the characters: its name, its name on the page, its weights.
        judge: name of the recogniser that compared them.
        subjects: modes, and the imitator's pictures of them.
        total: number of requested photos; after Ctrl-C, fewer are measured.
        people, refused: in the order of the photos.
        seed: random seed of the confidence intervals.
        only: split that the photos were taken from.
        age_sex_judge: name of the network that estimated sex and age, if any.
        labels: labels of the photos, if any.
        engine: which engine drew the characters, see `engine_identity`.
    """

    bundle: str
    label: str
    fingerprint: str
    judge: str
    subjects: tuple[str, ...]
    total: int
    people: tuple[Person, ...]
    refused: tuple[Refused, ...] = ()
    seed: int = 0
    only: str = "all"
    age_sex_judge: str = ""
    labels: "Labels | None" = None
    engine: str = ""

    @property
    def complete(self) -> bool:
        """True if every photo was either measured or refused."""
        return len(self.people) + len(self.refused) == self.total

    @cached_property
    def identification(self) -> dict[str, Identification]:
        """The judge's identification figures, by subject.

        Raises:
            InputError: too few people.
        """
        photos = np.stack([person.descriptor for person in self.people]) if self.people else np.zeros((0, 1))
        return {subject: identify(self._descriptors(subject), photos, self.seed) for subject in self.subjects}

    @cached_property
    def skin(self) -> dict[str, SkinFigures]:
        """The agreement of skin colour, by subject; only characters with a detected face count."""
        figures = {}
        for subject in self.subjects:
            people = [person for person in self.people if person.characters[subject].found]
            if len(people) >= 3:
                characters = np.stack([person.characters[subject].cheeks for person in people])
                figures[subject] = compare_skin(np.stack([person.cheeks for person in people]), characters)
        return figures

    @cached_property
    def age_sex(self) -> "dict[str, AgeSexFigures]":
        """The agreement of sex and age, by subject; empty without a judge of these."""
        if not self.age_sex_judge:
            return {}
        from f2p_deploy.evaluation.likeness.age_sex_figures import compare_age_sex

        figures = {}
        for subject in self.subjects:
            pairs = [(one.age_sex, one.characters[subject].age_sex) for one in self.people]
            known = [(photo, character) for photo, character in pairs if photo is not None and character is not None]
            compared = compare_age_sex([pair[0] for pair in known], [pair[1] for pair in known], self.seed)
            if compared is not None:
                figures[subject] = compared
        return figures

    @cached_property
    def against_labels(self) -> dict[str, LabelFigures]:
        """The agreement of options and sliders with labels, by subject; empty without labels of these photos."""
        if self.labels is None:
            return {}
        names, figures = [person.name for person in self.people], {}
        for subject in self.subjects:
            characters = [person.characters[subject].parameters for person in self.people]
            compared = compare_labels(names, characters, self.labels)
            if compared is not None:
                figures[subject] = compared
        return figures

    def options(self, subject: str) -> dict[str, dict[str, float]]:
        """Return the share of people by option of each discrete group, the most frequent first."""
        characters = [person.characters[subject].parameters for person in self.people]
        shares = {}
        for group in characters[0].schema.discrete_groups if characters else ():
            chosen = [parameters.choice(group.name) for parameters in characters]
            counted = {option: chosen.count(option) / len(chosen) for option in set(chosen)}
            shares[group.name] = dict(sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])))
        return shares

    def at_end(self, subject: str) -> float:
        """Return the share of controllers that are at an end of their range."""
        values = np.stack(
            [person.characters[subject].parameters.values[: _controllers(person, subject)] for person in self.people]
        )
        return float(np.mean((values < AT_END) | (values > 1.0 - AT_END)))

    def without_face(self, subject: str) -> int:
        """Return the number of pictures without a detected face."""
        return sum(not person.characters[subject].found for person in self.people)

    def _descriptors(self, subject: str) -> np.ndarray:
        descriptors = [person.characters[subject].descriptor for person in self.people]
        return np.stack(descriptors) if descriptors else np.zeros((0, 1))


def measure_likeness(
    photos: Sequence[Path],
    bundle: Bundle,
    engine: Engine,
    finder: LandmarkFinder,
    judge: Judge,
    modes: Sequence[str] = ("one-shot", "hybrid"),
    *,
    only: str = "all",
    limit: int | None = None,
    imitator: bool = False,
    seed: int = 0,
    age_sex: "AgeSexJudge | None" = None,
    labels: "Labels | None" = None,
    progress: Progress = silent,
) -> LikenessReport:
    """Make each photo's character in each mode, draw it with the engine and compare it with the photo.

    Args:
        photos: files and folders, one photo per person.
        bundle: a complete bundle.
        engine: draws the characters; for the bundle's schema.
        finder: gives MediaPipe's mesh, see `open_landmarker`.
        judge: describes photos and pictures.
        modes: one-shot, iterative, hybrid.
        only, limit: selection of the photos, see `select_photos`.
        imitator: also judge the imitator's pictures.
        seed: random seed of the confidence intervals.
        age_sex: estimates sex and age of photos and pictures.
        labels: labels of the photos, see `read_labels`.
        progress: called with the progress.

    Returns:
        The report; after Ctrl-C it covers the photos so far.

    Raises:
        InputError: no photo, an unknown mode, an engine of another schema, or a bundle that lacks a network.
        MissingDependency: PyTorch is not installed.
    """
    require_torch("measuring characters")
    modes = check_measured_modes(modes)
    chosen = select_photos(photos, only, limit)
    check_bundle(bundle, engine, modes, imitator)
    people, refused = _measure_people(
        chosen, TorchRuntime(bundle), engine, _Judges(finder, judge, age_sex), modes, imitator, progress
    )
    return LikenessReport(
        bundle=bundle.name,
        label=bundle.label,
        fingerprint=bundle.fingerprint,
        judge=judge.name,
        subjects=(*modes, *((imitated(mode) for mode in modes) if imitator else ())),
        total=len(chosen),
        people=tuple(people),
        refused=tuple(refused),
        seed=seed,
        only=only,
        age_sex_judge="" if age_sex is None else age_sex.name,
        labels=labels,
        engine=engine_identity(engine),
    )


@dataclass(frozen=True)
class _Judges:
    """The networks that judge pictures: the landmark finder, the recogniser, and the age and sex judge if any."""

    finder: LandmarkFinder
    identity: Judge
    age_sex: "AgeSexJudge | None"

    def ask_age_sex(self, picture: np.ndarray, mesh: np.ndarray) -> "AgeSex | None":
        return None if self.age_sex is None else self.age_sex.look(picture, mesh)


def _measure_people(
    chosen: Sequence[Path],
    runtime: TorchRuntime,
    engine: Engine,
    judges: _Judges,
    modes: Sequence[str],
    imitator: bool,
    progress: Progress,
) -> tuple[list[Person], list[Refused]]:
    """Measure every photo; one that cannot be measured is refused, and Ctrl-C ends the list early."""
    people: list[Person] = []
    refused: list[Refused] = []
    total = len(chosen) * len(modes)
    try:
        for i, photo in enumerate(chosen):
            progress(f"{photo.name}: finding the face", i * len(modes), total)
            try:
                person = _person(photo, runtime.bundle, judges)
                for done, mode in enumerate(modes):
                    progress(f"{photo.name}: {mode}", i * len(modes) + done, total)
                    _add_character(person, mode, runtime, engine, judges, imitator)
                people.append(person)
            except PhotoError as error:
                refused.append(Refused(photo_name(photo), error.reason, str(error)))
    except KeyboardInterrupt:
        logger.info("stopped after %d of %d photos", len(people) + len(refused), len(chosen))
    return people, refused


def _person(photo: Path, bundle: Bundle, judges: _Judges) -> Person:
    """Describe the largest face of a photo; error messages begin with the photo's name."""
    image = open_photo(photo)
    settings = bundle.settings
    try:
        template, size = settings.alignment.landmarks, settings.architecture.image_size
        face = align(image, judges.finder, template, size, name=photo.name)
    except InputError as error:
        reason = error.reason if isinstance(error, PhotoError) else "refused"
        raise PhotoError(reason, f"{photo.name}: {error}") from error
    mesh = face.landmarks.dense
    if mesh is None:
        raise PhotoError("refused", f"{photo.name}: {face.landmarks.source} gives no mesh; MediaPipe does")
    cheeks = cheek_colour(face.image, transform(face.matrix, mesh))
    return Person(
        photo_name(photo),
        face.image,
        judges.identity.describe(image.pixels, face.landmarks.array),
        cheeks,
        face.landmarks.shape,
        age_sex=judges.ask_age_sex(image.pixels, mesh),
    )


def _add_character(
    person: Person, mode: str, runtime: Runtime, engine: Engine, judges: _Judges, imitator: bool
) -> None:
    parameters = search.generate(runtime, person.face, cast(Mode, mode), shape=person.shape).parameters
    size, template = runtime.settings.architecture.image_size, runtime.settings.alignment.landmarks
    drawn = engine.render(parameters.values, size).image
    points = np.array([template[name] for name in LANDMARKS]) * size  # the front view is what photos are aligned to
    person.characters[mode] = _judged(drawn, points, parameters, judges)
    if imitator:
        person.characters[imitated(mode)] = _judged(graph_calls.render(runtime, parameters), points, parameters, judges)


def _judged(picture: np.ndarray, points: np.ndarray, parameters: Parameters, judges: _Judges) -> Likeness:
    """Describe a character's picture; if no face is detected, at the average face's points."""
    faces = [face for face in judges.finder.find(picture) if face.dense is not None]
    if not faces:
        return Likeness(picture, judges.identity.describe(picture, points), np.full(3, np.nan), parameters, False)
    mesh = np.asarray(faces[0].dense)
    described = judges.identity.describe(picture, faces[0].array)
    cheeks, age_sex = cheek_colour(picture, mesh), judges.ask_age_sex(picture, mesh)
    return Likeness(picture, described, cheeks, parameters, True, age_sex)


def _controllers(person: Person, subject: str) -> int:
    return person.characters[subject].parameters.schema.n_c
