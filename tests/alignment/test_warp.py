import numpy as np
import pytest

from f2p_deploy.alignment.warp import fit_similarity, inside_fraction, inverse, quick_warp, scale_of, transform, warp


def similarity(scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, shift])


@pytest.mark.parametrize("degrees", [-170, -30, 0, 12, 90])
def test_a_similarity_is_recovered_exactly(degrees: float) -> None:
    points = np.random.default_rng(0).normal(size=(5, 2)) * 40
    expected = similarity(0.37, degrees, (12.0, -7.0))
    assert np.allclose(fit_similarity(points, transform(expected, points)), expected)


def test_the_fit_is_the_least_squares_one_and_never_mirrors() -> None:
    rng = np.random.default_rng(1)
    source = rng.normal(size=(5, 2))
    target = source * (-1, 1) + rng.normal(scale=0.1, size=(5, 2))
    matrix = fit_similarity(source, target)
    assert np.linalg.det(matrix[:, :2]) > 0

    def error(candidate: np.ndarray) -> float:
        return float(((transform(candidate, source) - target) ** 2).sum())

    for _ in range(50):
        nudge = similarity(1 + rng.normal(scale=0.02), rng.normal(), tuple(rng.normal(scale=0.02, size=2)))
        nudged = np.column_stack([nudge[:, :2] @ matrix[:, :2], nudge[:, :2] @ matrix[:, 2] + nudge[:, 2]])
        assert error(nudged) >= error(matrix)


def test_the_inverse_undoes() -> None:
    matrix = similarity(2.5, 33, (4.0, 9.0))
    points = np.random.default_rng(2).normal(size=(7, 2))
    assert np.allclose(transform(inverse(matrix), transform(matrix, points)), points)
    assert scale_of(matrix) == pytest.approx(2.5)


def test_the_identity_changes_nothing(astronaut: np.ndarray) -> None:
    assert np.array_equal(warp(astronaut, similarity(1, 0, (0, 0)), 512), astronaut)


@pytest.mark.parametrize("scale", [0.09, 0.3, 0.8, 1.0, 3.0])
def test_a_quick_warp_draws_nearly_the_same(astronaut: np.ndarray, scale: float) -> None:
    matrix = similarity(scale, 25, (10.0, -5.0))
    slow, quick = warp(astronaut, matrix, 96).astype(float), quick_warp(astronaut, matrix, 96).astype(float)
    assert np.abs(quick - slow).mean() < 2.5


@pytest.mark.parametrize("shift", [(-900.0, 0.0), (900.0, 0.0), (0.0, -900.0), (0.0, 900.0)])
def test_a_square_beside_the_image_repeats_its_edge(astronaut: np.ndarray, shift: tuple[float, float]) -> None:
    edge = warp(astronaut, similarity(1.0, 0, shift), 64)
    assert edge.shape == (64, 64, 3)
    assert (edge == edge[0] if shift[1] else edge == edge[:, :1]).all()


@pytest.mark.parametrize("scale", [0.09, 0.3, 0.8, 1.0, 3.0])
def test_a_dot_lands_where_the_matrix_says(scale: float) -> None:
    image = np.zeros((900, 700, 3), np.uint8)
    x, y, radius = 420.0, 510.0, max(2.0, 3 / scale)
    rows, columns = np.mgrid[:900, :700] + 0.5
    image[np.hypot(columns - x, rows - y) < radius] = 255
    matrix = similarity(scale, 25, (0, 0))
    matrix[:, 2] = np.array([70.0, 45.0]) - matrix[:, :2] @ (x, y)
    drawn = warp(image, matrix, 128)[..., 0].astype(float)
    rows, columns = np.mgrid[:128, :128] + 0.5
    found = ((drawn * columns).sum() / drawn.sum(), (drawn * rows).sum() / drawn.sum())
    assert found == pytest.approx((70.0, 45.0), abs=0.15)


def test_shrinking_averages_instead_of_making_patterns() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::3] = 255
    drawn = warp(stripes, similarity(0.11, 7, (-20, -20)), 64)[20:40, 30:50, 0].astype(float)
    assert drawn.mean() == pytest.approx(85, abs=3)
    assert drawn.std() < 4


def test_beyond_the_edge_the_last_pixels_go_on() -> None:
    image = np.full((40, 40, 3), 90, np.uint8)
    image[:, -1] = 200
    matrix = similarity(1, 0, (0, 0))
    assert (warp(image, matrix, 64)[10, 45:] == 200).all()
    assert inside_fraction(image, matrix, 64) == pytest.approx((40 / 64) ** 2, abs=0.02)
