"""Controllers move the head within their ranges: linearly on each side, and symmetrically."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.system.errors import InputError

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.assets import load_mesh, load_target
from f2p_deploy.engine.makehuman.morphs import HeadMorphs, check_controllers, load_morphs

SCHEMA = Schema(
    "few",
    (
        Controller("nose.hump", "nose", 0.5, -0.5, 0.5),
        Controller("head.oval", "head", 0.0, 0.0, 0.4),
        Controller("ears.wing", "ear", 0.5, -1.0, 1.0),
        Controller("head.masculinity", "head", 0.5, 0.0, 1.0),
        Controller("head.african", "head", 0.0, 0.0, 1.0),
        Controller("head.age", "head", 0.25, -1.0, 3.0),
        Controller("skin.wrinkles", "skin", 0.0, 0.0, 1.0),
        Controller("asym.nose-1", "nose", 0.5, -1.0, 1.0, asymmetric=True),
    ),
)
USUAL = np.array([0.5, 0, 0.5, 0.5, 0, 0.25, 0, 0.5], np.float32)
#: Eye centres and ear of the base mesh.
LEFT_EYE, RIGHT_EYE = slice(14598, 14670), slice(14670, 14742)


@pytest.fixture(scope="module")
def targets(makehuman_assets: Path) -> Path:
    return makehuman_assets / "makehuman/data/targets"


@pytest.fixture(scope="module")
def morphs(makehuman_assets: Path, targets: Path) -> HeadMorphs:
    base = load_mesh(makehuman_assets / "makehuman/data/3dobjs/base.obj")
    return load_morphs(SCHEMA, base, targets, np.ones(len(base.points), bool))


def change(morphs: HeadMorphs, controller: int, value: float) -> np.ndarray:
    values = USUAL.copy()
    values[controller] = value
    return morphs.shape(values) - morphs.shape(USUAL)


def test_a_controller_applies_its_targets_in_engine_units(morphs: HeadMorphs, targets: Path) -> None:
    for end, word in ((1.0, "incr"), (0.0, "decr")):
        moved, by = load_target(targets / f"nose/nose-hump-{word}.target")
        found = change(morphs, 0, end)
        assert found[moved] == pytest.approx(0.5 * by, abs=2e-5)
        assert np.abs(np.delete(found, moved, 0)).max() < 1e-6


def test_each_side_is_linear(morphs: HeadMorphs) -> None:
    for controller in (0, 1, 3, 4):
        assert change(morphs, controller, 1.0) != pytest.approx(0, abs=1e-3)
        quarter = change(morphs, controller, USUAL[controller] + (1 - USUAL[controller]) / 4)
        assert quarter == pytest.approx(change(morphs, controller, 1.0) / 4, abs=1e-4)


def test_left_and_right_move_together(morphs: HeadMorphs) -> None:
    moved = change(morphs, 2, 1.0)
    x = morphs.average[:, 0]
    outwards = moved[:, 0] * np.sign(x)
    assert np.abs(moved[x > 0]).max() == pytest.approx(np.abs(moved[x < 0]).max(), rel=0.1)
    assert outwards.sum() > 0


def test_the_average_lies_half_way_between_the_sexes(morphs: HeadMorphs) -> None:
    assert change(morphs, 3, 1.0) == pytest.approx(-change(morphs, 3, 0.0), abs=1e-4)
    eyes = morphs.shape(USUAL)
    assert eyes[LEFT_EYE, 0].mean() == pytest.approx(-eyes[RIGHT_EYE, 0].mean(), abs=1e-3)


def test_below_the_woman_s_end_a_face_is_more_female(makehuman_assets: Path, targets: Path, morphs: HeadMorphs) -> None:
    base = load_mesh(makehuman_assets / "makehuman/data/3dobjs/base.obj")
    wider = Schema("wide", (Controller("head.masculinity", "head", 0.5, -1.0, 1.0),))
    found = load_morphs(wider, base, targets, np.ones(len(base.points), bool))
    woman, more, man = (found.shape(np.array([value], np.float32)) for value in (0.5, 0.0, 1.0))
    assert more - woman == pytest.approx(woman - man, abs=1e-4)


def test_age_goes_on_from_makehuman_s_slider_to_its_old_heads(morphs: HeadMorphs, targets: Path) -> None:
    slider = change(morphs, 5, 0.5)
    moved, by = load_target(targets / "head/head-age-incr.target")
    assert slider[moved] == pytest.approx(by, abs=2e-5), "up to 1 it is the slider alone, as before"
    wanted = np.zeros_like(slider)
    for sex in ("female", "male"):
        for origin in ("african", "asian", "caucasian"):
            for age, weight in (("old", 1 / 6), ("young", -1 / 6)):
                vertices, delta = load_target(targets / f"macrodetails/{origin}-{sex}-{age}.target")
                wanted[vertices] += weight * delta
    assert change(morphs, 5, 1.0) - slider == pytest.approx(wanted, abs=1e-4)
    assert change(morphs, 5, 0.75) - slider == pytest.approx(wanted / 2, abs=1e-4)


def test_an_asymmetric_controller_s_ends_are_mirror_images(morphs: HeadMorphs) -> None:
    low, high = change(morphs, 7, 0.0), change(morphs, 7, 1.0)
    assert low[:, 0].sum() == pytest.approx(-high[:, 0].sum(), rel=0.15)
    assert abs(high[:, 0].sum()) > 10 * abs((low + high)[:, 0].sum() / 2)


def test_paint_moves_no_vertex(morphs: HeadMorphs) -> None:
    assert np.abs(change(morphs, 6, 1.0)).max() == 0
    assert morphs.values(USUAL)["skin.wrinkles"] == 0 and morphs.values(USUAL)["head.age"] == 0


def test_an_expression_moves_the_mouth_by_its_strength(morphs: HeadMorphs) -> None:
    half, whole = (morphs.shape(USUAL, (("mouth-corner-puller", s),)) - morphs.shape(USUAL) for s in (0.5, 1.0))
    assert whole == pytest.approx(2 * half, abs=1e-4)
    corner = whole[[527, 7272]]
    assert corner[:, 1].min() > 0.02, "corners rise"
    assert whole[:, 1][np.abs(morphs.average[:, 1] - 8.2) < 0.1] == pytest.approx(0, abs=1e-3), "hair stays"


def test_an_unknown_slider_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="'head.ovale'.*head.oval"):
        check_controllers(Schema("wrong", (Controller("head.ovale", "head"),)))
