"""Surfaces are brighter towards the light, and layers blend, hide and label correctly."""

import numpy as np
import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.rasteriser import (
    Canvas,
    Surface,
    blank_canvas,
    draw_depth,
    make_texture,
    texture_levels,
)
from f2p_deploy.engine.makehuman.shading import SkinLabels, SkinPaint, Strands, blend_layer, make_light, shade_skin
from f2p_deploy.engine.makehuman.skin_tones import CHANNELS, TEETH

EDGE = 16
#: Channels that are neutral at 0.5.
NEUTRAL = ("mottle", "strands", "slope-across", "slope-down", "pores")
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def plate(z: float, normal: tuple[float, float, float] = (0, 0, 1)) -> Surface:
    screen = np.array([[0, EDGE, z], [EDGE, EDGE, z], [EDGE, 0, z], [0, 0, z]], np.float32)
    return Surface(screen, np.tile(np.float32(normal), (4, 1)), np.ones(4, np.float32), HALVES, UV, HALVES)


def skin(
    normal: tuple[float, float, float], channels: dict[str, int] | None = None, kind: int = 0, **paint: object
) -> Canvas:
    canvas, surface = blank_canvas(EDGE, (0, 0, 0)), plate(0, normal)
    draw_depth(surface.screen, HALVES, 0, canvas.depth, canvas.owner)
    masks = np.zeros((8, 8, len(CHANNELS)), np.uint8)
    masks[..., [CHANNELS.index(name) for name in NEUTRAL]] = 128
    for channel, value in (channels or {}).items():
        masks[..., CHANNELS.index(channel)] = value
    grey, zero = np.full(3, 0.4, np.float32), np.zeros(3, np.float32)
    values = {
        "tone": grey,
        "lip": zero,
        "hair": zero,
        "lip_amount": 0.0,
        "beard": np.zeros(4, np.float32),
        "scalp": 0.0,
        "lid": zero,
        "redness": 1.0,
        "unevenness": 1.0,
        "sockets": 1.0,
        "lip_tone": 1.0,
    }
    values |= dict.fromkeys(set(SkinPaint._fields) - set(values), 0.0)
    labels = SkinLabels(np.full((4, 4), 6, np.uint8), 1, 8, 10)
    light = paint.pop("light", make_light((0, 0, 1), (1, 1, 1), 0.4))
    kinds = np.full(2, kind, np.uint8)
    shade_skin(canvas, surface, kinds, make_texture(masks), 0, labels, SkinPaint(**(values | paint)), light, 200.0)
    return canvas


def test_skin_is_brighter_where_it_faces_the_light() -> None:
    assert skin((0, 0, 1)).image.mean() > 1.3 * skin((0.9, 0, 0.43)).image.mean()


def test_skin_takes_its_label_from_the_place_and_cropped_hair_its_own() -> None:
    assert (skin((0, 0, 1)).labels == 6).all()
    assert (skin((0, 0, 1), {"scalp": 255}, scalp=0.9).labels == 10).all()


def test_lipstick_and_beard_cover_the_skin() -> None:
    red = np.array([0.5, 0.0, 0.0], np.float32)
    painted = skin((0, 0, 1), {"lips": 255}, lip=red, lip_amount=1.0).image[8, 8]
    assert painted[0] > 3 * painted[1]
    bearded = skin((0, 0, 1), {"jaw": 255}, beard=np.array([0, 0, 1, 0.3], np.float32)).image[8, 8]
    assert bearded.max() < 0.3 * skin((0, 0, 1)).image[8, 8].min()


@pytest.mark.parametrize(
    ("channel", "paint"),
    [
        ("freckles", {"freckles": 1.0}),
        ("bags", {"bags": 1.0}),
        ("folds", {"wrinkles": 1.0}),
        ("jaw", {"shadow": 1.0}),
        ("lids", {"lid_amount": 1.0}),
        ("rims", {"liner": 1.0}),
    ],
)
def test_dark_paint_darkens_skin_within_its_mask_by_its_amount(channel: str, paint: dict) -> None:
    usual = skin((0, 0, 1), {channel: 255}).image.mean()
    half = skin((0, 0, 1), {channel: 255}, **{name: value / 2 for name, value in paint.items()}).image.mean()
    full = skin((0, 0, 1), {channel: 255}, **paint).image.mean()
    assert full < half < usual and full < 0.9 * usual
    assert skin((0, 0, 1), **paint).image == pytest.approx(skin((0, 0, 1)).image, abs=1e-3)


@pytest.mark.parametrize("amount", ["redness", "rouge"])
def test_redness_and_rouge_redden_where_the_blush_is(amount: str) -> None:
    def red(value: float) -> float:
        r, g, _ = skin((0, 0, 1), {"blush": 255}, **{amount: value}).image[8, 8]
        return r / g

    assert red(2.0) > 1.05 * red(0.0)


def test_folds_turn_the_skin_towards_and_from_the_light() -> None:
    # The height grows to the right, so the surface faces left, away from a light at the right.
    light = make_light((1, 0, 0.3), (1, 1, 1), 0.4)
    flat = skin((0, 0, 1), light=light).image.mean()
    assert skin((0, 0, 1), {"slope-across": 255}, light=light, wrinkles=1.0).image.mean() < 0.95 * flat
    assert skin((0, 0, 1), {"slope-across": 0}, light=light, wrinkles=1.0).image.mean() > 1.05 * flat
    below = make_light((0, -1, 0.3), (1, 1, 1), 0.4)
    flat = skin((0, 0, 1), light=below).image.mean()
    assert skin((0, 0, 1), {"slope-down": 255}, light=below, wrinkles=1.0).image.mean() < 0.95 * flat


def test_hair_that_has_receded_leaves_the_crown_bare() -> None:
    full = skin((0, 0, 1), {"scalp": 255, "crown": 200}, scalp=0.9).image.mean()
    assert skin((0, 0, 1), {"scalp": 255, "crown": 200}, scalp=0.9, recede=0.6).image.mean() > 3 * full
    kept = skin((0, 0, 1), {"scalp": 255, "crown": 50}, scalp=0.9, recede=0.6).image.mean()
    assert kept == pytest.approx(full, rel=0.01)


def test_teeth_are_bright_and_belong_to_the_mouth() -> None:
    drawn = skin((0, 0, 1), kind=TEETH)
    assert (drawn.labels == 8).all() and drawn.image.min() > 0.3


def blend(canvas: Canvas, z: float, alpha: int, opacity: float = 1.0, sheen: float = 0.0) -> np.ndarray:
    picture = np.full((16, 16, 3), (102, alpha, alpha), np.uint8)
    surface, texture = plate(z), make_texture(picture)
    cover = np.zeros((EDGE, EDGE), np.float32)
    levels = texture_levels(texture, np.array([0.5, 0.5]), surface)
    tint, light = np.array([0, 0.8, 0], np.float32), make_light((0, 0, 1), (1, 1, 1), 0.4)
    fading = np.full(4, opacity, np.float32)
    strands = Strands(np.float32(sheen), np.tile(np.float32((0, 1, 0)), (4, 1)))
    blend_layer(canvas, cover, surface, fading, np.arange(2), texture, levels, tint, 0.01, 0.02, light, strands)
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


def test_hair_shines_across_its_strands() -> None:
    dull, shiny = blank_canvas(EDGE, (0, 0, 0)), blank_canvas(EDGE, (0, 0, 0))
    blend(dull, 1.0, 255)
    blend(shiny, 1.0, 255, sheen=1.0)
    # Strands run upwards and the light comes from the front, at right angles to them.
    assert shiny.image[8, 8, 1] > 1.2 * dull.image[8, 8, 1]
