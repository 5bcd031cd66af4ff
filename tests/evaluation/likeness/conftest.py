"""A report of which every figure is known: twelve people, characters of two modes, sex, age and labels."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema

if TYPE_CHECKING:
    from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport

#: People in the report: six women, then six men.
PEOPLE = 12

SCHEMA = Schema(
    "labelled",
    (Controller("nose.tx", "nose"), Controller("age", "head")),
    (DiscreteGroup("hair", ("bald", "short", "long")),),
    tags={"age": "age", "hair": "hair", "bald": "hair=bald"},
)


def character(hair: str, age: float) -> Parameters:
    """Return a character whose nose is at an end of its range."""
    options = [float(hair == option) for option in SCHEMA.discrete_groups[0].options]
    return Parameters(SCHEMA, np.array([0.0, age, *options], np.float32))


@pytest.fixture
def known_report() -> "LikenessReport":
    """One-shot knows everybody and has everybody's age; hybrid is the opposite of everybody, bald and of one age.

    Photo 0 is bald, the others have short hair; the last has no labels, and the first no age. One-shot gives the bald
    one long hair. The judge takes hybrid's women for men, all 10 years older. Hybrid's first picture has no face.
    """
    pytest.importorskip("torch")
    from f2p_deploy.evaluation.landmarks.landmark_report import Refused
    from f2p_deploy.evaluation.likeness.measure_likeness import Likeness, LikenessReport, Person
    from f2p_deploy.training.data.age_sex import AgeSex
    from f2p_deploy.training.data.labels import Labels

    angles = 2 * np.pi * np.arange(PEOPLE) / PEOPLE
    descriptors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ages = np.linspace(0.2, 0.8, PEOPLE)
    people = []
    for i in range(PEOPLE):
        face, light = np.full((16, 16, 3), 20 * i, np.uint8), np.array([30.0 + 4 * i, 10.0, 15.0])
        exact = AgeSex(float(i >= PEOPLE // 2), 20.0 + 2 * i)
        older = AgeSex(1.0, exact.age + 10.0)
        blank, hair = i == 0, "short" if i else "long"
        characters = {
            "one-shot": Likeness(face, descriptors[i], light, character(hair, ages[i]), True, exact),
            "hybrid": Likeness(
                255 - face,
                -descriptors[i],
                np.full(3, np.nan) if blank else light[[0, 2, 1]] + 1.0,
                character("bald", 0.5),
                not blank,
                None if blank else older,
            ),
        }
        people.append(Person(f"faces/{i:02}.png", face, descriptors[i], light, None, characters, exact))
    last = PEOPLE - 1
    labels = Labels(
        tuple(person.name for person in people[:last]),
        {"hair": np.array([0, *[1] * (last - 1)])},
        {"age": np.array([np.nan, *ages[1:last]], np.float32)},
    )
    return LikenessReport(
        "small",
        "my/small",
        "0" * 64,
        "some judge",
        ("one-shot", "hybrid"),
        PEOPLE + 1,
        tuple(people),
        (Refused("faces/wall.png", "no-face", "wall.png: no face was found"),),
        only="held-out",
        age_sex_judge="another judge",
        labels=labels,
    )
