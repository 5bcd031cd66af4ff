"""What the landmark measurement found: one record a photo, and the medians over all of them."""

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

#: What is measured beside the modes: the aligned photo itself, landmarked again, shows the landmarker's own error.
PHOTO, AVERAGE, RANDOM = "photo", "average", "random"
REFERENCES = (PHOTO, AVERAGE, RANDOM)

#: Degrees of yaw, to either side, by which photos are grouped, and how many photos a group needs to be reported.
YAW_EDGES = (0.0, 10.0, 20.0, 30.0, 90.0)
FEWEST_PHOTOS = 3


@dataclass(frozen=True)
class Refused:
    """A photo that nothing was measured on.

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
    """What came of one photo under one condition.

    Args:
        distances: (6,) figures by mode; infinite where the alignment or the render's landmarks failed.
        failure: why the alignment failed, if it did: a `PhotoError`'s reason or `other-face`.
        moved: how far the aligned face lies from where the sharp photo's does, in outer-eye distances.
        picture: file of the aligned spoiled photo and its characters side by side, relative to the output folder.
    """

    distances: Mapping[str, np.ndarray]
    failure: str = ""
    moved: float = math.inf
    picture: str = ""


@dataclass(frozen=True)
class Measured:
    """What was measured on one photo.

    Args:
        name: folder and file.
        yaw: degrees, > 0 turns the nose to the picture's right.
        eye_distance: pixels between the outer eye corners in the photo.
        distances: (6,) figures in the order of `FIGURES`, by what was compared with the photo.
        pictures: files relative to the output folder, by what they show.
        spoiled: by label of the condition; a condition is absent where the photo already is worse than it asks.
        pose_true: the meshes of characters turned as the photo's head is; those that cannot be turned are not in it.
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
        failures: renders in which no face was found.
    """

    figures: Mapping[str, Estimate]
    below_average: Estimate
    failures: int


@dataclass(frozen=True)
class Growth:
    """How one mode's figure grows under one condition; all of it on the photos that the condition applies to.

    Args:
        sharp, spoiled: median of the parts together.
        times: spoiled over sharp.
        below_average: of the spoiled photos; the average face's figure is the same for sharp and spoiled ones.
        failures: alignments and renders that failed.
    """

    sharp: Estimate
    spoiled: Estimate
    times: Estimate
    below_average: Estimate
    failures: int


@dataclass(frozen=True)
class LandmarkReport:
    """Everything that was measured.

    Args:
        bundle: its name; `fingerprint` says which weights.
        schema: name of its schema.
        modes: what generated, in the order asked.
        also: other pictures that were compared, such as the imitator's.
        conditions: that the photos were spoiled by.
        total: photos that were to be measured; fewer are here if the user stopped it.
        measured, refused: in the order of the photos.
        seed: of the random characters, the noise and the intervals.
        only: which split the photos were taken from.
        turns: whether the engine could turn heads as the photos' are turned.
        neutral: whether expression was taken out of the photos' meshes.
    """

    bundle: str
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

    @property
    def complete(self) -> bool:
        """Whether every photo was either measured or refused."""
        return len(self.measured) + len(self.refused) == self.total

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is compared with the photos, as tables order it."""
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
        """Return the photos on which the best mode is farthest off, worst first."""
        order = sorted(self.measured, key=lambda one: float(one.distances[self.best][-1]), reverse=True)
        return tuple(order[:count])

    def values(self, subject: str, figure: str = TOGETHER, photos: Sequence[Measured] | None = None) -> np.ndarray:
        """Return (N,) float64: one figure of one mode or reference on every photo, or on some."""
        column = FIGURES.index(figure)
        return np.array([one.distances[subject][column] for one in (self.measured if photos is None else photos)])

    @cached_property
    def by_yaw(self) -> tuple[tuple[float, float, tuple[Measured, ...]], ...]:
        """The photos by turn of the head: from and below how many degrees, and which; groups of too few left out."""
        groups = []
        for low, high in zip(YAW_EDGES, YAW_EDGES[1:], strict=False):
            photos = tuple(one for one in self.measured if low <= abs(one.yaw) < high)
            if len(photos) >= FEWEST_PHOTOS:
                groups.append((low, high, photos))
        return tuple(groups)

    @cached_property
    def growth(self) -> dict[str, dict[str, Growth]]:
        """How the modes' figures grow, by condition; conditions that apply to no photo left out."""
        found = {}
        for condition in self.conditions:
            photos = self.spoiled_by(condition)
            if photos:
                found[condition.label] = {mode: self._growth(mode, condition, photos) for mode in self.modes}
        return found

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
    """Return what the imitator's pictures of a mode are called."""
    return f"{mode}, imitator"


def turned(subject: str) -> str:
    """Return what the pictures of a character turned as the photo's head are called."""
    return f"{subject}, turned"


def _below(values: np.ndarray, average: np.ndarray, seed: int) -> Estimate:
    ratio = median_ratio(values, average, seed)
    return Estimate(1.0 - ratio.value, 1.0 - ratio.high, 1.0 - ratio.low)
