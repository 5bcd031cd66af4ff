"""The pose-true figures of synthetic meshes with known results."""

import math

import numpy as np
import pytest

from f2p_deploy.evaluation.landmarks.pose_true import PoseTrue
from f2p_deploy.evaluation.landmarks.pose_true_report import FEWEST_PHOTOS, summarise_poses

SUBJECTS = ("average", "follows", "stranger", "lost")


def people(count: int) -> list[PoseTrue]:
    """Return people whose characters follow them by half and stand off by a constant, and strangers."""
    rng = np.random.default_rng(0)
    usual, tilt = rng.uniform(0.2, 0.8, (478, 2)), rng.normal(0, 0.02, (478, 2))
    usual[33], usual[263] = (0.3, 0.4), (0.7, 0.4)
    shapes = rng.normal(0, 0.01, (3, 478, 2))
    shapes[:, [33, 263]] = tilt[[33, 263]] = 0.0
    found = []
    for i in range(count):
        own, other, yaw = rng.normal(size=3), rng.normal(size=3), float(rng.normal(0, 10))
        posed = usual + tilt * yaw / 10
        meshes = {
            "average": posed,
            "follows": posed + np.tensordot(own, shapes, axes=1) / 2 + 0.02,
            "stranger": posed + np.tensordot(other, shapes, axes=1),
            "lost": None if i == 0 else posed,
        }
        truth = posed + np.tensordot(own, shapes, axes=1)
        found.append(PoseTrue(truth, meshes, {"average": 0.5}, (yaw, 0.0)))
    return found


def test_known_differences_give_known_figures() -> None:
    found = summarise_poses(people(120), SUBJECTS, "average", 0)
    follows, stranger = found["follows"], found["stranger"]
    assert follows.correlation.value == pytest.approx(1.0, abs=1e-6)
    assert follows.followed.value == pytest.approx(0.5, abs=1e-6)
    assert abs(stranger.correlation.value) < 0.25 and stranger.correlation.low < 0 < stranger.correlation.high
    # The constant is in the plain distance alone; half of the departure is left of the centred one.
    assert follows.figures["together"].value > 2 * follows.centred["together"].value
    assert follows.centred_below_average.value == pytest.approx(0.5, abs=0.05)
    assert stranger.centred_below_average.value < -0.2
    assert found["average"].below_average.value == 0.0 and math.isnan(found["average"].correlation.value)
    assert found["average"].missed == 0.5 and math.isnan(follows.missed)


def test_a_face_that_was_not_found_is_infinitely_far_and_left_out_of_means() -> None:
    found = summarise_poses(people(20), SUBJECTS, "average", 0)["lost"]
    assert found.failures == 1 and found.figures["together"].value < 1.0
    assert found.figures["together"].value == pytest.approx(found.centred["together"].value, abs=0.01)


def test_few_photos_give_no_correlation() -> None:
    found = summarise_poses(people(FEWEST_PHOTOS - 1), SUBJECTS, "average", 0)
    assert math.isnan(found["follows"].correlation.value) and found["follows"].figures["together"].value > 0
