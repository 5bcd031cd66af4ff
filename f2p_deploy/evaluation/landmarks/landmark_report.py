"""The results of the landmark measurement: one record per photo, and the medians over all photos."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from f2p_deploy.evaluation.bootstrap import Estimate, median, median_ratio
from f2p_deploy.evaluation.landmarks.degrade import Condition
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, TOGETHER
from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue
from f2p_deploy.evaluation.landmarks.pose_true_report import PoseTrueSummary, summarise_poses

#: References besides the modes; the aligned photo, landmarked again, shows the error of the landmarker.
PHOTO, AVERAGE, RANDOM = "photo", "average", "random"
REFERENCES = (PHOTO, AVERAGE, RANDOM)

#: Edges in degrees of absolute yaw by which photos are grouped, and the minimum number of photos of a group.
YAW_EDGES = (0.0, 10.0, 20.0, 30.0, 90.0)
FEWEST_PHOTOS = 3


@dataclass(frozen=True)
class Refused:
    """A photo that could not be measured.

    Args:
        name: folder and file.
        reason: one word: that of the `PhotoError`, or `refused`.
        message: the sentence for a person.
    """

    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class Spoiled:
    """The result of one photo under one condition.

    Args:
        distances: (6,) figures by mode; infinite if the alignment or the render's landmarks failed.
        failure: reason of a failed alignment: a `PhotoError`'s reason or `other-face`; else empty.
        moved: distance of the aligned face from that of the sharp photo, in outer-eye distances.
        picture: file with the aligned degraded photo next to its characters, relative to the output folder.
    """

    distances: Mapping[str, np.ndarray]
    failure: str = ""
    moved: float = math.inf
    picture: str = ""


@dataclass(frozen=True)
class Measured:
    """The result of one photo.

    Args:
        name: folder and file.
        yaw: degrees, > 0 turns the nose to the picture's right.
        eye_distance: pixels between the outer eye corners in the photo.
        distances: (6,) figures in the order of `FIGURES`, by subject.
        pictures: files relative to the output folder, by subject.
        spoiled: by label of the condition; a condition is absent if the photo's face is already smaller than it asks.
        pose_true: the meshes of characters at the photo's pose; subjects without parameters are absent.
    """

    name: str
    yaw: float
    eye_distance: float
    distances: Mapping[str, np.ndarray]
    pictures: Mapping[str, str] = field(default_factory=dict)
    spoiled: Mapping[str, Spoiled] = field(default_factory=dict)
    pose_true: PoseTrue | None = None


@dataclass(frozen=True)
class Summary:
    """The medians of one mode or reference.

    Args:
        figures: by part of the face.
        below_average: 1 - median / the average face's median, of the parts together.
        failures: renders without a detected face.
    """

    figures: Mapping[str, Estimate]
    below_average: Estimate
    failures: int


@dataclass(frozen=True)
class Growth:
    """The growth of one mode's figure under one condition, over the photos to which the condition applies.

    Args:
        sharp, spoiled: median of the parts together.
        times: spoiled / sharp.
        below_average: of the degraded photos; the average face's figure is the same for sharp and degraded photos.
        failures: failed alignments and renders.
    """

    sharp: Estimate
    spoiled: Estimate
    times: Estimate
    below_average: Estimate
    failures: int


@dataclass(frozen=True)
class LandmarkReport:
    """The whole landmark measurement.

    Args:
        bundle: its name; `label` is its name on the page, and `fingerprint` identifies the weights.
        schema: name of its schema.
        modes: in the order of the request.
        also: other compared pictures, such as the imitator's.
        conditions: by which the photos were degraded.
        total: number of requested photos; after Ctrl-C, fewer are measured.
        measured, refused: in the order of the photos.
        seed: random seed of characters, noise and confidence intervals.
        only: split that the photos were taken from.
        turns: the engine could turn heads to the photos' poses.
        neutral: the expression was removed from the photos' meshes.
        engine: which engine drew the characters, see `engine_identity`.
    """

    bundle: str
    label: str
    fingerprint: str
    schema: str
    modes: tuple[str, ...]
    total: int
    measured: tuple[Measured, ...] = ()
    refused: tuple[Refused, ...] = ()
    also: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    seed: int = 0
    only: str = "all"
    turns: bool = True
    neutral: bool = True
    engine: str = ""

    @property
    def complete(self) -> bool:
        """True if every photo was either measured or refused."""
        return len(self.measured) + len(self.refused) == self.total

    @property
    def subjects(self) -> tuple[str, ...]:
        """The names of all compared pictures, in the order of the tables."""
        return (*REFERENCES, *self.modes, *self.also)

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """The medians by mode and reference; empty if no photo was measured."""
        if not self.measured:
            return {}
        return {subject: self._summary(subject) for subject in self.subjects}

    @cached_property
    def pose_true(self) -> dict[str, PoseTrueSummary]:
        """The pose-true figures by mode and reference; empty if no photo has any."""
        photos = [one.pose_true for one in self.measured if one.pose_true is not None]
        if not photos:
            return {}
        return summarise_poses(photos, (*REFERENCES, *self.modes), AVERAGE, self.seed)

    @property
    def best(self) -> str:
        """The mode with the smallest median."""
        return min(self.modes, key=lambda mode: self.summaries[mode].figures[TOGETHER].value)

    def worst(self, count: int) -> tuple[Measured, ...]:
        """Return the photos with the largest distance of the best mode, worst first."""
        order = sorted(self.measured, key=lambda one: float(one.distances[self.best][-1]), reverse=True)
        return tuple(order[:count])

    def values(self, subject: str, figure: str = TOGETHER, photos: Sequence[Measured] | None = None) -> np.ndarray:
        """Return (N,) float64: one figure of one mode or reference on every photo, or on some."""
        column = FIGURES.index(figure)
        return np.array([one.distances[subject][column] for one in (self.measured if photos is None else photos)])

    @cached_property
    def by_yaw(self) -> tuple[tuple[float, float, tuple[Measured, ...]], ...]:
        """The groups of photos by absolute yaw, as (from degrees, below degrees, photos); small groups are left out."""
        groups = []
        for low, high in zip(YAW_EDGES, YAW_EDGES[1:], strict=False):
            photos = tuple(one for one in self.measured if low <= abs(one.yaw) < high)
            if len(photos) >= FEWEST_PHOTOS:
                groups.append((low, high, photos))
        return tuple(groups)

    @cached_property
    def growth(self) -> dict[str, dict[str, Growth]]:
        """The growth of the modes' figures, by condition; conditions that apply to no photo are left out."""
        by_condition = {}
        for condition in self.conditions:
            photos = self.spoiled_by(condition)
            if photos:
                by_condition[condition.label] = {mode: self._growth(mode, condition, photos) for mode in self.modes}
        return by_condition

    def spoiled_by(self, condition: Condition) -> tuple[Measured, ...]:
        """Return the photos that a condition applies to."""
        return tuple(one for one in self.measured if condition.label in one.spoiled)

    def _summary(self, subject: str) -> Summary:
        together = self.values(subject)
        return Summary(
            {figure: median(self.values(subject, figure), self.seed) for figure in FIGURES},
            _below(together, self.values(AVERAGE), self.seed),
            int(np.isinf(together).sum()),
        )

    def _growth(self, mode: str, condition: Condition, photos: Sequence[Measured]) -> Growth:
        sharp = self.values(mode, photos=photos)
        spoiled = np.array([one.spoiled[condition.label].distances[mode][-1] for one in photos])
        return Growth(
            median(sharp, self.seed),
            median(spoiled, self.seed),
            median_ratio(spoiled, sharp, self.seed),
            _below(spoiled, self.values(AVERAGE, photos=photos), self.seed),
            int(np.isinf(spoiled).sum()),
        )


def imitated(mode: str) -> str:
    """Return the name of the imitator's pictures of a mode."""
    return f"{mode}, imitator"


def turned(subject: str) -> str:
    """Return the name of the pictures of a character at the photo's pose."""
    return f"{subject}, turned"


def _below(values: np.ndarray, average: np.ndarray, seed: int) -> Estimate:
    ratio = median_ratio(values, average, seed)
    return Estimate(1.0 - ratio.value, 1.0 - ratio.high, 1.0 - ratio.low)
