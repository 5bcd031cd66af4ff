"""Controllers and options become parameters of the shading; missing ones are average."""

import pytest

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman import palettes
from f2p_deploy.engine.makehuman.paint import PAINTED, brow_density, brow_tint, lash_density, skin_paint

LOOK = dict(palettes.DEFAULTS)


def test_a_schema_without_paints_draws_what_their_defaults_draw() -> None:
    one, other = skin_paint({"head.age": 0.5}, LOOK), skin_paint({"head.age": 0.5} | PAINTED, LOOK)
    assert [value == pytest.approx(o) for value, o in zip(one, other, strict=True)] == [True] * len(one)


def test_years_bring_wrinkles_spots_and_pale_lips() -> None:
    ages = [skin_paint({"head.age": age}, LOOK) for age in (-0.25, 0.5, 1.0, 2.0, 3.75)]
    wrinkles = [paint.wrinkles for paint in ages]
    assert wrinkles == sorted(wrinkles) and wrinkles[0] == 0 and wrinkles[-1] > 1
    for name in ("bags", "unevenness", "paleness", "freckles"):
        assert getattr(ages[-1], name) > getattr(ages[0], name), name


@pytest.mark.parametrize(
    ("controller", "field"),
    [
        ("skin.wrinkles", "wrinkles"),
        ("skin.eye-bags", "bags"),
        ("skin.redness", "redness"),
        ("eyes.socket-shade", "sockets"),
        ("skin.unevenness", "unevenness"),
        ("skin.shadow", "shadow"),
    ],
)
def test_each_controller_has_its_own_paint(controller: str, field: str) -> None:
    usual, more = skin_paint({}, LOOK), skin_paint({controller: 0.8}, LOOK)
    changed = {name for name, one, other in zip(usual._fields, usual, more, strict=True) if one != pytest.approx(other)}
    assert changed == {field} and getattr(more, field) > getattr(usual, field)


def test_men_have_thicker_brows_shorter_lashes_and_a_shaved_shadow() -> None:
    woman, man = {"head.masculinity": 0.0}, {"head.masculinity": 1.0}
    assert brow_density(man) > 1.5 * brow_density(woman)
    assert brow_density(man | {"eyebrows.density": -1.0}) == pytest.approx(brow_density(man) / 2)
    assert lash_density(man, LOOK) < lash_density(woman, LOOK)
    assert lash_density(woman, LOOK | {"make-up": "evening"}) > lash_density(woman, LOOK)
    assert skin_paint(man, LOOK).shadow > skin_paint(woman, LOOK).shadow == 0


def test_hair_that_is_bald_is_not_painted_and_brows_follow_the_hair() -> None:
    assert skin_paint({}, LOOK | {"hair": "bald"}).scalp == 0
    ring, cropped = (skin_paint({}, LOOK | {"hair": style}) for style in ("cropped-ring", "cropped"))
    assert ring.recede > 0.5 > cropped.recede
    assert (
        brow_tint({}, LOOK | {"hair-colour": "white"}).min() > 3 * brow_tint({}, LOOK | {"hair-colour": "black"}).max()
    )
    darker = brow_tint({"eyebrows.darkness": 1.0}, LOOK)
    assert darker.max() < 0.5 * brow_tint({}, LOOK).max()


def test_lips_may_be_darker_or_paler() -> None:
    dark, pale = (skin_paint({"mouth.lip-tone": value}, LOOK).lip_tone for value in (1.0, -1.0))
    assert dark < 0.7 < 1.4 < pale
