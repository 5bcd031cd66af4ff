"""A small schema with every kind of part."""

import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema


@pytest.fixture
def toy() -> Schema:
    """A schema of five controllers in two groups, and two discrete groups: n = 5 + 3 + 2."""
    return Schema(
        "toy",
        (
            Controller("eye.size", "eye", low=-2.0, high=6.0),
            Controller("eye.turn", "eye", default=0.25),
            Controller("nose.width", "nose", default=0.1, low=0.0, high=0.5),
            Controller("eye.height", "eye"),
            Controller("nose.length", "nose"),
        ),
        (DiscreteGroup("hair", ("bald", "short", "long"), "short"), DiscreteGroup("brow", ("thin", "thick"))),
    )
