"""Layers have the channels that the shading expects, and hair does not cover the eyes."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import HELEN_CLASSES

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.assets import load_mesh
from f2p_deploy.engine.makehuman.layers import load_eyebrows, load_eyelashes, load_eyes, load_hair
from f2p_deploy.engine.makehuman.rasteriser import Texture


def level(texture: Texture, k: int = 0) -> np.ndarray:
    start, width, height = texture.offsets[k], texture.widths[k], texture.heights[k]
    return texture.texels[start : start + width * height].reshape(height, width, -1) / 255


@pytest.fixture(scope="module")
def head(makehuman_assets: Path) -> np.ndarray:
    return load_mesh(makehuman_assets / "makehuman/data/3dobjs/base.obj").points


def test_a_fringe_over_the_eyes_is_cut(makehuman_assets: Path, head: np.ndarray) -> None:
    layer = load_hair(makehuman_assets, "short03", head)
    placed = layer.fit.place(head)
    over_eyes = (np.abs(placed[:, 0]) < 0.55) & (placed[:, 2] > 1.0) & (placed[:, 1] < 7.4)
    assert over_eyes.sum() > 10
    assert layer.opacity[over_eyes].max() == 0
    assert layer.opacity[placed[:, 1] > 8].min() == 1


def test_hair_recedes_from_the_front_and_a_mirrored_style_hangs_on_the_other_side(
    makehuman_assets: Path, head: np.ndarray
) -> None:
    full, ring = (load_hair(makehuman_assets, style, head) for style in ("short04", "short04-ring"))
    placed = full.place(head)
    top = (placed[:, 1] > 8.2) & (placed[:, 2] > 0.6) & (np.abs(placed[:, 0]) < 0.4)
    assert top.sum() > 10 and full.opacity[top].min() == 1 and ring.opacity[top].max() == 0
    assert ring.opacity[(placed[:, 1] < 7.2) & (placed[:, 2] < 0)].min() == 1
    usual, mirrored = (load_hair(makehuman_assets, style, head) for style in ("short03", "short03-mirrored"))
    assert mirrored.place(head) == pytest.approx(usual.place(head) * (-1, 1, 1))


def test_hair_is_cut_alike_on_heads_of_other_heights(makehuman_assets: Path, head: np.ndarray) -> None:
    low = load_hair(makehuman_assets, "bob02", head - np.float32((0, 0.6, 0)))
    assert low.opacity == pytest.approx(load_hair(makehuman_assets, "bob02", head).opacity, abs=1e-4)


@pytest.mark.parametrize("style", ["short04", "bob02"])
def test_hair_of_any_texture_has_the_same_brightness(makehuman_assets: Path, head: np.ndarray, style: str) -> None:
    # One texture is painted black, the other nearly white.
    brightness, label, alpha = np.moveaxis(level(load_hair(makehuman_assets, style, head).texture), -1, 0)
    assert np.median(brightness[alpha > 0.5]) == pytest.approx(0.4, abs=0.05)
    assert np.array_equal(label, alpha)


def test_a_brow_s_label_fills_the_gaps_between_its_hairs(makehuman_assets: Path) -> None:
    _, label, alpha = np.moveaxis(level(load_eyebrows(makehuman_assets, "eyebrow001").texture), -1, 0)
    assert (label > 0.5).sum() > 1.3 * (alpha > 0.5).sum()
    assert (label > 0.5).mean() < 0.3


def test_eyelashes_have_no_label(makehuman_assets: Path) -> None:
    assert level(load_eyelashes(makehuman_assets).texture)[..., 1].max() == 0


def test_eyes_have_one_iris_each_and_their_own_labels(makehuman_assets: Path) -> None:
    layer, sides = load_eyes(makehuman_assets)
    brightness, iris, _ = np.moveaxis(level(layer.texture), -1, 0)
    assert 0.02 < (iris > 0.5).mean() < 0.12
    assert brightness[iris < 0.01].mean() > brightness[iris > 0.9].mean()
    x = layer.mesh.points[layer.mesh.triangles][..., 0].mean(1)
    assert (sides[x < 0] == HELEN_CLASSES.index("left-eye")).all()
    assert (sides[x > 0] == HELEN_CLASSES.index("right-eye")).all()
