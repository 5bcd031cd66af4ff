"""Figures that are computed from embeddings."""

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.stage_recognition import group_gap, pair_similarities  # noqa: E402


def test_pairs_are_split_by_identity() -> None:
    embeddings = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    same, different = pair_similarities(embeddings, np.array([7, 7, 9]))
    assert same == pytest.approx([1.0]) and different == pytest.approx([0.0, 0.0])


def test_groups_that_lie_apart_have_a_gap_and_lengths_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.normal(size=(400, 16)), rng.normal(size=(400, 16))
    assert group_gap(here, 5.0 * there) < 0.2
    assert group_gap(here + np.eye(16)[0] * 6.0, there - np.eye(16)[0] * 6.0) > 2.0
