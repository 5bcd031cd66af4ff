"""The rasteriser covers the right samples, keeps the nearest surface, and samples and averages correctly."""

import numpy as np
import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.rasteriser import (
    Surface,
    blank_canvas,
    draw_depth,
    interpolate,
    make_texture,
    resolve,
    sample,
    texture_levels,
    vertex_normals,
    vertex_tangents,
)

SQUARE = np.array([[2, 2, 1], [8, 2, 1], [8, 6, 1], [2, 6, 1]], np.float32)
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_square_covers_each_of_its_samples_once() -> None:
    canvas = blank_canvas(10, (0, 0, 0))
    draw_depth(SQUARE, HALVES, 5, canvas.depth, canvas.owner)
    inside = np.zeros((10, 10), bool)
    inside[2:6, 2:8] = True
    assert np.array_equal(canvas.owner >= 0, inside)
    assert set(canvas.owner[inside]) == {5, 6}
    assert (canvas.depth[inside] == pytest.approx(1)) and (canvas.depth[~inside] < -1e8).all()


def test_the_nearest_surface_wins_in_any_order() -> None:
    far, near = SQUARE, SQUARE + np.array([0, 0, 1], np.float32)
    for first, second, nearest in ((far, near, 2), (near, far, 0)):
        canvas = blank_canvas(10, (0, 0, 0))
        draw_depth(first, HALVES, 0, canvas.depth, canvas.owner)
        draw_depth(second, HALVES, 2, canvas.depth, canvas.owner)
        assert set(canvas.owner[canvas.owner >= 0]) == {nearest, nearest + 1}


def test_triangles_outside_the_picture_do_no_harm() -> None:
    canvas = blank_canvas(10, (0, 0, 0))
    draw_depth(SQUARE * np.array([50, 50, 1], np.float32) - 400, HALVES, 0, canvas.depth, canvas.owner)
    draw_depth(SQUARE + np.array([100, -100, 0], np.float32), HALVES, 2, canvas.depth, canvas.owner)
    assert not (canvas.owner >= 2).any()


def test_values_are_interpolated_linearly() -> None:
    canvas = blank_canvas(10, (0, 0, 0))
    draw_depth(SQUARE, HALVES, 0, canvas.depth, canvas.owner)
    x = interpolate(SQUARE, HALVES, canvas.owner, SQUARE, HALVES)[4, 2:8, 0]
    assert x == pytest.approx(np.arange(2.5, 8))


def test_normals_point_out_of_a_counter_clockwise_face() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    assert vertex_normals(points, HALVES) == pytest.approx(np.tile([0, 0, 1], (4, 1)))


def test_textures_are_read_from_the_top_and_averaged_in_their_levels() -> None:
    picture = np.zeros((16, 16, 2), np.uint8)
    picture[:8, :, 0] = 200
    picture[:, :8, 1] = 100
    texture = make_texture(picture)
    out = np.zeros(2, np.float32)
    sample(texture, 0, 0.25, 0.75, out)
    assert out == pytest.approx((200 / 255, 100 / 255))
    sample(texture, 0, 0.75, 0.5, out)
    assert out == pytest.approx((100 / 255, 0), abs=1e-3)
    assert texture.widths.tolist() == [16, 8, 4]
    assert texture.texels[texture.offsets[2]].tolist() == [200, 100]


def test_the_level_grows_as_the_surface_shrinks() -> None:
    texture = make_texture(np.zeros((256, 256, 1), np.uint8))
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    levels = []
    for edge in (256, 64, 8):
        screen = np.concatenate([uv * edge, np.zeros((4, 1), np.float32)], 1)
        surface = Surface(screen, screen, screen[:, 0], HALVES, uv, HALVES)
        levels.append(texture_levels(texture, np.array([0.5, 0.5]), surface).tolist())
    assert levels == [[0, 0], [2, 2], [5, 5]]


def test_pixels_are_means_of_linear_light_and_labels_a_vote() -> None:
    image = np.zeros((4, 4, 3), np.float32)
    image[:2, :2] = 1.0
    image[:2, 2:, 0] = np.array([[1, 0], [0, 0]])
    labels = np.zeros((4, 4), np.uint8)
    labels[2:, 2:] = [[3, 4], [4, 4]]
    picture, votes = resolve(image, labels, 2)
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert picture[0, 1].tolist() == [128, 0, 0], "a quarter of the light is half the displayed value"
    assert votes.tolist() == [[0, 0], [0, 4]]


def test_the_background_is_shown_as_given() -> None:
    canvas = blank_canvas(4, (0.2, 0.5, 1.0))
    assert resolve(canvas.image, canvas.labels, 2)[0][0, 0].tolist() == [51, 128, 255]


def test_tangents_follow_the_texture_upwards() -> None:
    points = SQUARE * (1, -1, 1) + (0, 0, 0)
    # v grows from the lower edge (y = -6) to the upper one, u to the left.
    uv = np.array([[1, 1], [0, 1], [0, 0], [1, 0]], np.float32)
    assert vertex_tangents(points.astype(np.float32), HALVES, uv, HALVES) == pytest.approx(np.tile((0, 1, 0), (4, 1)))
    folded = np.zeros((4, 2), np.float32)
    assert np.isfinite(vertex_tangents(points.astype(np.float32), HALVES, folded, HALVES)).all()
