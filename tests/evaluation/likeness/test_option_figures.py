"""Options against labels, counted by hand."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.character.parameters import Parameters, average  # noqa: E402
from f2p_deploy.character.schema import load_schema  # noqa: E402
from f2p_deploy.evaluation.likeness.option_figures import compare_labels  # noqa: E402
from f2p_deploy.training.data.labels import read_labels  # noqa: E402

SCHEMA = load_schema("makehuman")


def character(age: float, **chosen: str) -> Parameters:
    """Return the average face with another age and some other options; a dash is written as an underscore."""
    values = np.array(average(SCHEMA).values)
    values[SCHEMA.controller_index["head.age"]] = age
    for group in SCHEMA.discrete_groups:
        option = chosen.get(group.name.replace("-", "_"))
        if option is not None:
            part = SCHEMA.discrete_slices[group.name]
            values[part] = 0.0
            values[part.start + group.options.index(option)] = 1.0
    return Parameters(SCHEMA, values)


def test_shares_are_counted_among_those_known(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(
        "photo,hair,beard,head.age\na/1.jpg,bald,none,0.1\na/2.jpg,short02,full,0.5\na/3.jpg,short02,none,0.9\n"
        "a/4.jpg,,full,\nelsewhere/1.jpg,long01,full,0.2\n"
    )
    names = [f"a/{i}.jpg" for i in range(1, 6)]
    made = [
        character(0.2, hair="short02"),
        character(0.4, hair="short02", beard="stubble"),
        character(0.6, hair="short02"),
        character(0.6, hair="long01"),
        character(0.6, hair="bald"),
    ]
    found = compare_labels(names, made, read_labels(table, SCHEMA))
    assert found is not None and found.people == 4 and set(found.groups) == {"hair", "beard"}
    hair = found.groups["hair"]
    assert (hair.known, hair.right) == (3, pytest.approx(2 / 3))
    assert hair.commonest_of_photos == ("short02", pytest.approx(2 / 3)) and hair.commonest_of_characters[1] == 1.0
    assert (hair.options_of_photos, hair.options_of_characters) == (2, 1)
    bald = found.presence["hair"]
    assert (bald.absent, bald.known_with, bald.known_without) == ("bald", 2, 1)
    assert (bald.right_with, bald.right_without) == (1.0, 0.0)
    beard = found.presence["beard"]
    assert (beard.known_with, beard.right_with, beard.right_without) == (2, 0.5, 1.0)
    assert found.sliders["head.age"] == pytest.approx(1.0) and found.known_sliders == {"head.age": 3}


def test_a_table_of_other_photos_says_nothing(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("photo,hair\nelsewhere/1.jpg,long01\n")
    assert compare_labels(["a/1.jpg"], [character(0.5)], read_labels(table, SCHEMA)) is None
