"""A character with choices of every origin, made without a photo or a network."""

from pathlib import Path

import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.model.reading import ReadPart
from f2p_deploy.pipeline.results import Created, PhotoView

SCHEMA = Schema(
    "small",
    (Controller("head.age", "head"), Controller("head.uneven", "head", asymmetric=True)),
    (
        DiscreteGroup("hair-colour", ("black", "brown", "chestnut")),
        DiscreteGroup("skin", ("light", "tan", "dark")),
        DiscreteGroup("make-up", ("none", "evening")),
        DiscreteGroup("beard", ("none", "full")),
    ),
    tags={"skin-tone": "skin"},
)


@pytest.fixture
def created() -> Created:
    parameters = average(SCHEMA).with_values({"hair-colour": "brown", "skin": "tan", "beard": "full"})
    read = {
        "hair-colour": ReadPart("photo", "brown", 0.4999, "chestnut", 0.31),
        "skin": ReadPart("photo", "tan", 0.45, "dark", 0.4),
        "make-up": ReadPart("default", "none"),
        "beard": ReadPart("kept", "full"),
        "head.age": ReadPart("default"),
        "head.uneven": ReadPart("default"),
    }
    view = PhotoView(220, 110, ((1.0, 2.0), (3.5, 4.0)), {"nose-tip": (5.5, 6.0)})
    return Created(Path("a.png"), "a", "hybrid", "as asked", parameters, (), 1.0, 0.5, "file", view, read=read)
