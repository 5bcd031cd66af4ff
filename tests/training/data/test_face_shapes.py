from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.landmarks.landmark_groups import mesh_distances  # noqa: E402
from f2p_deploy.training.data.face_shapes import (  # noqa: E402
    PointWeights,
    ShapeModel,
    ShapeTarget,
    contour_shape,
    shape_distance,
    shapes_of_pairs,
    superpose,
)
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS  # noqa: E402

SHAPE = np.random.default_rng(0).random((20, 2))


def moved(shape: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * shape @ turn.T + shift


class CountingPairs:
    """Three renders of which the second shows no face."""

    size = 10

    def __init__(self, seed: int = 1) -> None:
        self.manifest = {"size": 10, "sampling": {"seed": seed}}
        self.seen = 0

    def __len__(self) -> int:
        return 3

    def image(self, i: int) -> int:
        self.seen += 1
        return i


class Finder:
    def find(self, image, name=None):
        dense = np.arange(478 * 2, dtype=np.float64).reshape(478, 2)
        return [] if image == 1 else [SimpleNamespace(dense=dense + image)]


def test_contour_points_are_in_edges_of_the_picture_and_missing_meshes_are_nan() -> None:
    dense = np.arange(478 * 2, dtype=np.float64).reshape(478, 2)
    shape = contour_shape(dense, 100)
    assert shape.shape == (len(CONTOUR_POINTS), 2) and shape.dtype == np.float32
    assert shape[3, 1] == pytest.approx(dense[CONTOUR_POINTS[3], 1] / 100)
    assert np.isnan(contour_shape(None, 100)).all()


def test_superposing_takes_place_size_and_turn_away() -> None:
    shapes = np.stack([moved(SHAPE, 30, 0.5, (3, -2)), moved(SHAPE, -80, 7, (0, 0.1)), SHAPE])
    np.testing.assert_allclose(superpose(shapes, SHAPE), np.stack([SHAPE] * 3), atol=1e-9)


def test_targets_have_mean_0_and_variance_1_whatever_the_crop() -> None:
    rng = np.random.default_rng(1)
    shapes = SHAPE + rng.normal(0, 0.05, (500, 20, 2))
    target = ShapeTarget(shapes)
    values = target(shapes)
    assert values.shape == (500, 40)
    assert abs(values.mean()) < 0.01 and values.std() == pytest.approx(1.0, abs=0.05)
    cropped = np.stack([moved(shape, 10, 1.2, (0.1, 0)) for shape in shapes[:5]])
    np.testing.assert_allclose(target(cropped), values[:5], atol=1e-3)


def test_faces_without_a_mesh_have_no_target_and_slips_are_cut_off() -> None:
    shapes = SHAPE + np.random.default_rng(1).normal(0, 0.05, (50, 20, 2))
    shapes[0] = np.nan
    shapes[1, 0] += 3.0
    values = ShapeTarget(shapes[2:])(shapes)
    assert np.isnan(values[0]).all()
    assert np.abs(values[1]).max() == 4.0


def test_a_linear_shape_is_learned_and_its_distance_is_in_edges() -> None:
    rng = np.random.default_rng(2)
    parameters, slopes = rng.random((300, 6)).astype(np.float32), rng.normal(0, 0.1, (6, 40))
    shapes = SHAPE + (parameters @ slopes).reshape(-1, 20, 2)
    shapes[7] = np.nan
    model = ShapeModel(parameters, shapes, ridge=1e-6)
    made = model(torch.from_numpy(parameters[:5]))
    np.testing.assert_allclose(made.numpy(), shapes[:5], atol=1e-4)
    wanted = torch.from_numpy(shapes[:5].astype(np.float32))
    moved_by = torch.tensor([0.03, 0.04])
    np.testing.assert_allclose(shape_distance(made, wanted + moved_by).numpy(), 0.05, atol=2e-4)
    assert shape_distance(made, torch.full_like(wanted, float("nan"))).isnan().all()


def test_the_weighted_distance_is_the_ruler_s() -> None:
    rng = np.random.default_rng(4)
    truth, found = rng.random((2, 478, 2)) * 256
    points = list(CONTOUR_POINTS)
    wanted, made = (torch.from_numpy(mesh[points][None] / 256).float() for mesh in (truth, found))
    assert float(PointWeights()(made, wanted)) == pytest.approx(mesh_distances(truth, found)[-1], rel=1e-4)


def test_renders_are_looked_at_once_and_again_when_they_are_others(tmp_path) -> None:
    cache, pairs = tmp_path / "work" / "shapes.npz", CountingPairs()
    calls: list[tuple[int, int]] = []
    shapes = shapes_of_pairs(pairs, Finder(), cache, lambda done, total: calls.append((done, total)))
    assert np.isnan(shapes[1]).all() and shapes[2, 0, 0] == pytest.approx((2 * CONTOUR_POINTS[0] + 2) / 10)
    assert calls[-1] == (3, 3) and calls[0] == (1, 3)
    np.testing.assert_array_equal(shapes_of_pairs(pairs, Finder(), cache), shapes)
    assert pairs.seen == 3
    other = CountingPairs(seed=2)
    shapes_of_pairs(other, Finder(), cache)
    assert other.seen == 3
