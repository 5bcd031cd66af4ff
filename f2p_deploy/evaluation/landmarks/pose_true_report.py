"""The pose-true figures over all photos: plain distances, centred distances, and the correlation of personal shape.

Photos and renders differ in ways that all people share: the finder's reading of renders, the camera, the engine's
range. "Centred" figures remove the mean difference between photos and renders. A departure is the residual of a mesh
after the effect of the pose over all photos is regressed out. The correlation of a character's departure with its
photo's shows whether the person's individual shape is reproduced.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f2p_deploy.evaluation.bootstrap import DRAWS, Estimate, interval_of, median, median_ratio
from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, GROUPS, TOGETHER, mesh_distances
from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue

#: Minimum number of photos for departures; with fewer, the pose would explain everything.
FEWEST_PHOTOS = 10

NOTHING = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class PoseTrueSummary:
    """One subject's figures.

    Args:
        figures: median pose-true distances, by part of the face.
        below_average: 1 - median / the average face's median, of the parts together.
        centred: median distances after the mean difference between photos and this subject's pictures is removed.
        centred_below_average: 1 - centred median / the average face's centred median, of the parts together.
        correlation: of the departures, photo to character; NaN for the average face, and for too few photos.
        followed: the character's departure along the photo's / the photo's departure; NaN as `correlation`.
        failures: pictures without a face.
        missed: median degrees between the poses read in picture and photo; NaN if no character was turned.
    """

    figures: Mapping[str, Estimate]
    below_average: Estimate
    centred: Mapping[str, Estimate]
    centred_below_average: Estimate
    correlation: Estimate
    followed: Estimate
    failures: int
    missed: float


def summarise_poses(
    photos: Sequence[PoseTrue], subjects: Sequence[str], average: str, seed: int
) -> dict[str, PoseTrueSummary]:
    """Return the figures by subject.

    Args:
        photos: at least one.
        subjects: names of meshes that every photo has.
        average: name of the average face among them.
        seed: random seed of the confidence intervals.
    """
    plain = {subject: np.stack([photo.distances(subject) for photo in photos]) for subject in subjects}
    centred = {subject: _centred(photos, subject) for subject in subjects}
    return {
        subject: PoseTrueSummary(
            _medians(plain[subject], seed),
            _below(plain[subject], plain[average], seed),
            _medians(centred[subject], seed),
            _below(centred[subject], centred[average], seed),
            *((NOTHING, NOTHING) if subject == average else _departures(photos, subject, seed)),
            int(np.isinf(plain[subject][:, -1]).sum()),
            _missed(photos, subject),
        )
        for subject in subjects
    }


def _centred(photos: Sequence[PoseTrue], subject: str) -> np.ndarray:
    """Return (N, 6) figures after the mean of truth - mesh is added to every mesh."""
    apart = [photo.truth - mesh for photo in photos if (mesh := photo.meshes[subject]) is not None]
    shift = np.mean(apart, axis=0) if apart else 0.0
    rows = []
    for photo in photos:
        mesh = photo.meshes[subject]
        rows.append(mesh_distances(photo.truth, None if mesh is None else mesh + shift))
    return np.stack(rows)


def _departures(photos: Sequence[PoseTrue], subject: str, seed: int) -> tuple[Estimate, Estimate]:
    """Return correlation and slope of a subject's departures on the photos'; the five parts have equal weight."""
    found = [(photo, mesh) for photo in photos if (mesh := photo.meshes[subject]) is not None]
    if len(found) < FEWEST_PHOTOS:
        return NOTHING, NOTHING
    poses = _powers(np.array([photo.pose for photo, _ in found]))
    a = _residuals(np.stack([photo.truth for photo, _ in found]), poses)
    b = _residuals(np.stack([mesh for _, mesh in found]), poses)
    weights = _weights()[None, :, None]
    ab, aa, bb = ((weights * x * y).sum(axis=(1, 2)) for x, y in ((a, b), (a, a), (b, b)))
    draws = np.random.default_rng(seed).integers(0, len(a), (DRAWS, len(a)))

    def both(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        along, wide, high = (values[rows].sum(axis=-1) for values in (ab, aa, bb))
        return along / np.maximum(np.sqrt(wide * high), 1e-12), along / np.maximum(wide, 1e-12)

    value, drawn = both(np.arange(len(a))), both(draws)
    correlation, slope = (Estimate(float(v), *interval_of(d)) for v, d in zip(value, drawn, strict=True))
    return correlation, slope


def _powers(poses: np.ndarray) -> np.ndarray:
    """Return (N, 3), or with enough photos (N, 6), regressors of (N, 2) yaws and pitches in degrees."""
    yaw, pitch = poses.T / 30.0
    columns = [np.ones(len(poses)), yaw, pitch]
    columns += [yaw**2, yaw * pitch, pitch**2] if len(poses) >= 2 * FEWEST_PHOTOS else []
    return np.stack(columns, axis=1)


def _residuals(meshes: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    """Return the residuals of (N, 478, 2) meshes after a least-squares fit of the regressors."""
    flat = meshes.reshape(len(meshes), -1)
    return (flat - regressors @ np.linalg.lstsq(regressors, flat, rcond=None)[0]).reshape(meshes.shape)


def _weights() -> np.ndarray:
    """Return (478,) weights of the points; each part of the face has a fifth of the total."""
    weights = np.zeros(478)
    for points in GROUPS.values():
        weights[list(points)] += 1.0 / (len(GROUPS) * len(points))
    return weights


def _medians(rows: np.ndarray, seed: int) -> dict[str, Estimate]:
    return {figure: median(rows[:, i], seed) for i, figure in enumerate(FIGURES)}


def _below(rows: np.ndarray, average: np.ndarray, seed: int) -> Estimate:
    last = FIGURES.index(TOGETHER)
    ratio = median_ratio(rows[:, last], average[:, last], seed)
    return Estimate(1.0 - ratio.value, 1.0 - ratio.high, 1.0 - ratio.low)


def _missed(photos: Sequence[PoseTrue], subject: str) -> float:
    found = [photo.missed[subject] for photo in photos if subject in photo.missed]
    return float(np.median(found)) if found else math.nan
