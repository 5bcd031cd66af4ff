"""Distances of meshes: the parts, the unit, and failures."""

import numpy as np
import pytest

from f2p_deploy.evaluation.landmarks.landmark_groups import FIGURES, GROUPS, OUTER_CORNERS, eye_distance, mesh_distances


@pytest.fixture
def mesh() -> np.ndarray:
    """Points with their outer eye corners 50 pixels apart."""
    points = np.random.default_rng(0).uniform(0, 256, (478, 2))
    points[list(OUTER_CORNERS)] = [(100, 80), (140, 110)]
    return points


def test_a_mesh_is_no_distance_from_itself(mesh: np.ndarray) -> None:
    assert eye_distance(mesh) == 50
    assert mesh_distances(mesh, mesh).tolist() == [0.0] * len(FIGURES)


def test_a_shift_is_the_same_in_every_part_and_in_eye_distances(mesh: np.ndarray) -> None:
    assert mesh_distances(mesh, mesh + (3, 4)) == pytest.approx([0.1] * len(FIGURES))
    assert mesh_distances(2 * mesh, 2 * mesh + (3, 4)) == pytest.approx([0.05] * len(FIGURES))


@pytest.mark.parametrize("part", GROUPS)
def test_only_the_part_that_moved_is_far_and_each_counts_a_fifth(mesh: np.ndarray, part: str) -> None:
    moved = mesh.copy()
    moved[list(GROUPS[part])] += (30, 40)
    distances = dict(zip(FIGURES, mesh_distances(mesh, moved), strict=True))
    assert distances[part] == pytest.approx(1.0)
    assert [name for name in GROUPS if distances[name] > 0] == [part]
    assert distances["together"] == pytest.approx(0.2)


def test_the_parts_are_where_mediapipe_has_them() -> None:
    assert {33, 133, 263, 362} <= set(GROUPS["eyes"]) and {70, 107, 300, 336} <= set(GROUPS["brows"])
    assert {2, 129, 358} <= set(GROUPS["nose"]) and {0, 13, 14, 17, 61, 291} <= set(GROUPS["mouth"])
    assert {10, 152, 234, 454} <= set(GROUPS["contour"])


def test_no_face_is_infinitely_far(mesh: np.ndarray) -> None:
    assert np.isinf(mesh_distances(mesh, None)).all()
