"""The shape vector of a face: invariant to position, rotation and mirroring."""

import numpy as np
import pytest

from f2p_deploy.character.face_shape import LENGTH, POINTS, face_shape, fit_shape_space, shape_space


@pytest.fixture
def mesh() -> np.ndarray:
    """A symmetric face that differs a little from the mean at every point."""
    space = shape_space()
    away = 0.02 * np.random.default_rng(0).standard_normal((POINTS, 3))
    return space.template + 0.5 * (away + away[space.mirror] * [-1.0, 1.0, 1.0])


def turned(degrees: float, axis: int) -> np.ndarray:
    angle = np.radians(degrees)
    matrix = np.eye(3)
    a, b = (i for i in range(3) if i != axis)
    matrix[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return matrix


def test_the_mean_face_is_at_zero() -> None:
    np.testing.assert_allclose(face_shape(shape_space().template), np.zeros(LENGTH), atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pose_place_and_size_do_not_count(mesh: np.ndarray, axis: int) -> None:
    moved = 173.0 * mesh @ turned(25.0, axis).T + [300.0, 200.0, -40.0]
    np.testing.assert_allclose(face_shape(moved), face_shape(mesh), atol=1e-4)
    assert np.linalg.norm(face_shape(mesh)) > 0.1


def test_a_mirrored_face_has_the_same_shape(mesh: np.ndarray) -> None:
    space = shape_space()
    crooked = mesh + 0.01 * np.random.default_rng(1).standard_normal(mesh.shape)
    mirrored = crooked[space.mirror] * [-1.0, 1.0, 1.0]
    np.testing.assert_allclose(face_shape(mirrored), face_shape(crooked), atol=2e-2)


def test_the_irises_do_not_count(mesh: np.ndarray) -> None:
    np.testing.assert_array_equal(face_shape(np.concatenate([mesh, np.ones((10, 3))])), face_shape(mesh))


def test_expression_is_taken_out() -> None:
    """People with one shape each smile more or less: the effect of the smile is fitted and subtracted."""
    rng = np.random.default_rng(2)
    space = shape_space()
    wide = space.template * [0.1, 0.0, 0.0]
    smile = np.zeros((POINTS, 3))
    smile[[61, 291], 1] = -0.2
    widths, smiles = rng.standard_normal(300), rng.random(300)
    meshes = space.template + widths[:, None, None] * wide * 0.3 + smiles[:, None, None] * smile
    expressions = np.zeros((300, 52))
    expressions[:, 44] = smiles
    found = fit_shape_space(meshes, expressions, np.arange(POINTS))
    person = space.template + 0.5 * wide * 0.3
    calm, smiling = np.zeros(52), np.zeros(52)
    smiling[44] = 1.0
    one, other = face_shape(person, calm, found), face_shape(person + smile, smiling, found)
    left_in = face_shape(person + smile, calm, found)
    assert np.linalg.norm(one - other) < 0.2 * np.linalg.norm(one - left_in)
