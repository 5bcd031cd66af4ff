"""Surfaces grow brighter towards the light, and layers blend, hide and label as they say."""

import numpy as np
import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.rasteriser import Canvas, Surface, blank_canvas, draw_depth, make_texture, texture_levels
from f2p_deploy.engine.shading import SkinLabels, SkinPaint, blend_layer, make_light, shade_skin

EDGE = 16
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def plate(z: float, normal: tuple[float, float, float] = (0, 0, 1)) -> Surface:
    screen = np.array([[0, EDGE, z], [EDGE, EDGE, z], [EDGE, 0, z], [0, 0, z]], np.float32)
    return Surface(screen, np.tile(np.float32(normal), (4, 1)), np.ones(4, np.float32), HALVES, UV, HALVES)


def skin(normal: tuple[float, float, float], channels: dict[int, int] | None = None, **paint: object) -> Canvas:
    canvas, surface = blank_canvas(EDGE, (0, 0, 0)), plate(0, normal)
    draw_depth(surface.screen, HALVES, 0, canvas.depth, canvas.owner)
    masks = np.zeros((8, 8, 11), np.uint8)
    masks[..., [3, 7]] = 128
    for channel, value in (channels or {}).items():
        masks[..., channel] = value
    grey, zero = np.full(3, 0.4, np.float32), np.zeros(3, np.float32)
    values = {
        "tone": grey,
        "lip": zero,
        "hair": zero,
        "lip_amount": 0.0,
        "beard": np.zeros(4, np.float32),
        "scalp": 0.0,
    }
    labels = SkinLabels(np.full((4, 4), 6, np.uint8), 1, 8, 10)
    light = make_light((0, 0, 1), (1, 1, 1), 0.4)
    kinds = np.zeros(2, np.uint8)
    shade_skin(canvas, surface, kinds, make_texture(masks), 0, labels, SkinPaint(**(values | paint)), light)
    return canvas


def test_skin_is_brighter_where_it_faces_the_light() -> None:
    assert skin((0, 0, 1)).image.mean() > 1.3 * skin((0.9, 0, 0.43)).image.mean()


def test_skin_takes_its_label_from_the_place_and_cropped_hair_its_own() -> None:
    assert (skin((0, 0, 1)).labels == 6).all()
    assert (skin((0, 0, 1), {8: 255}, scalp=0.9).labels == 10).all()


def test_lipstick_and_beard_cover_the_skin() -> None:
    red = np.array([0.5, 0.0, 0.0], np.float32)
    painted = skin((0, 0, 1), {2: 255}, lip=red, lip_amount=1.0).image[8, 8]
    assert painted[0] > 3 * painted[1]
    bearded = skin((0, 0, 1), {6: 255}, beard=np.array([0, 0, 1, 0.3], np.float32)).image[8, 8]
    assert bearded.max() < 0.3 * skin((0, 0, 1)).image[8, 8].min()


def blend(canvas: Canvas, z: float, alpha: int, opacity: float = 1.0) -> np.ndarray:
    picture = np.full((16, 16, 3), (102, alpha, alpha), np.uint8)
    surface, texture = plate(z), make_texture(picture)
    cover = np.zeros((EDGE, EDGE), np.float32)
    levels = texture_levels(texture, np.array([0.5, 0.5]), surface)
    tint, light = np.array([0, 0.8, 0], np.float32), make_light((0, 0, 1), (1, 1, 1), 0.4)
    fading = np.full(4, opacity, np.float32)
    blend_layer(canvas, cover, surface, fading, np.arange(2), texture, levels, tint, 0.01, 0.02, light)
    return cover


def test_a_layer_blends_by_alpha_and_reports_its_cover() -> None:
    canvas = blank_canvas(EDGE, (0, 0, 1))
    cover = blend(canvas, 1.0, 128)
    assert cover[8, 8] == pytest.approx(128 / 255, abs=0.01)
    assert canvas.image[8, 8, 2] == pytest.approx(1 - 128 / 255, abs=0.01)
    assert canvas.image[8, 8, 1] > 0.2


def test_a_layer_behind_the_surface_is_hidden() -> None:
    canvas = blank_canvas(EDGE, (0, 0, 1))
    canvas.depth[:] = 2.0
    assert blend(canvas, 1.0, 255).max() == 0
    assert canvas.image[8, 8].tolist() == [0, 0, 1]


def test_opacity_of_the_vertices_fades_a_layer() -> None:
    assert blend(blank_canvas(EDGE, (0, 0, 1)), 1.0, 255, opacity=0.25)[8, 8] == pytest.approx(0.25, abs=0.01)


def test_the_light_s_length_does_not_matter_and_its_halfway_is_between() -> None:
    one, other = make_light((0, 3, 0), (1, 1, 1), 0.4), make_light((0, 1, 0), (1, 1, 1), 0.4)
    assert one.direction == pytest.approx(other.direction)
    assert one.halfway == pytest.approx((0, 0.5**0.5, 0.5**0.5), abs=1e-3)
