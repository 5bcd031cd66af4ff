"""The shipped schemas use the engine's options, and the colours of the options differ visibly."""

from itertools import combinations

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema, load_schema
from f2p_deploy.engine.makehuman import palettes
from f2p_deploy.system.errors import InputError


@pytest.mark.parametrize("name", ["makehuman", "makehuman-female", "makehuman-male"])
def test_schemas_and_engine_agree(name: str) -> None:
    for group in load_schema(name).discrete_groups:
        assert set(group.options) <= set(palettes.GROUPS[group.name])


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (DiscreteGroup("glases", ("none", "thin")), "no discrete group 'glases'.*'glasses'"),
        (DiscreteGroup("glasses", ("none", "thinn")), "glasses has no option 'thinn'.*'thin'"),
    ],
)
def test_an_unknown_option_is_named_with_the_nearest_known_one(group: DiscreteGroup, words: str) -> None:
    with pytest.raises(InputError, match=words):
        palettes.check_groups(Schema("wrong", (Controller("nose.hump", "nose"),), (group,)))


def test_the_demo_s_schema_has_everything() -> None:
    groups = {group.name: group.options for group in load_schema("makehuman").discrete_groups}
    assert groups == palettes.GROUPS


@pytest.mark.parametrize("colours", [palettes.SKIN_TONES, palettes.HAIR_COLOURS, palettes.EYE_COLOURS])
def test_colours_differ_visibly(colours: dict[str, tuple[int, int, int]]) -> None:
    for one, other in combinations(colours.values(), 2):
        assert np.abs(np.subtract(one, other)).max() >= 8


def test_skin_grows_darker_in_order() -> None:
    brightness = [sum(colour) for colour in palettes.SKIN_TONES.values()]
    assert brightness == sorted(brightness, reverse=True)


def test_linear_is_the_square_of_what_is_displayed() -> None:
    assert palettes.linear((255, 51, 0)) == pytest.approx((1, 0.04, 0))
