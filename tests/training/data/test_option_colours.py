"""Options recognised by colour, on pictures of known colours."""

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema

pytest.importorskip("torch")

from f2p_deploy.training.data.option_colours import OptionColours, region_colours  # noqa: E402

SCHEMA = Schema(
    "colours",
    (Controller("nose.width", "nose"),),
    (DiscreteGroup("skin", ("pale", "dark"), "pale"), DiscreteGroup("shirt", ("white", "black"), "white")),
)
PALE, DARK, HAIR = (220, 180, 160), (90, 60, 50), (30, 30, 30)


def rendered(options: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of one skin tone each, a quarter of them hair, and their label maps."""
    pictures = np.array([PALE, DARK], np.uint8)[options][:, None, None].repeat(16, 1).repeat(16, 2)
    labels = np.ones((len(options), 16, 16), np.uint8)
    pictures[:, :4], labels[:, :4] = HAIR, 10
    return pictures, labels


def test_a_region_s_colour_is_its_median_and_unknown_where_it_hardly_shows() -> None:
    pictures, labels = rendered(np.array([0, 1]))
    labels[1, :4] = 255
    colours = region_colours(pictures, labels)
    np.testing.assert_allclose(colours[:, 0], np.array([PALE, DARK]) / 255, atol=1e-6)
    np.testing.assert_allclose(colours[0, 4], np.array(HAIR) / 255, atol=1e-6)
    assert np.isnan(colours[1, 4]).all() and np.isnan(colours[:, 1]).all()


def test_the_group_that_shows_is_told_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(0)
    skin, shirt = rng.integers(0, 2, (2, 40))
    parameters = np.concatenate([rng.random((40, 1)), np.eye(2)[skin], np.eye(2)[shirt]], axis=1).astype(np.float32)
    options = OptionColours(SCHEMA, parameters, region_colours(*rendered(skin)))
    assert options.groups == ("skin",)
    seen = region_colours(*rendered(np.array([1, 0, 1])))
    seen[2] = np.nan
    assert options(seen)["skin"].tolist() == [1, 0, 0]  # the last one's is unknown: the default


def test_an_option_that_was_never_drawn_is_never_chosen() -> None:
    schema = Schema("three", SCHEMA.controllers, (DiscreteGroup("skin", ("pale", "dark", "green"), "pale"),))
    skin = np.arange(20) % 2
    parameters = np.concatenate([np.zeros((20, 1)), np.eye(3)[skin]], axis=1).astype(np.float32)
    options = OptionColours(schema, parameters, region_colours(*rendered(skin)))
    assert options(region_colours(*rendered(skin)))["skin"].tolist() == skin.tolist()
