"""The table of many characters: a row for each."""

import csv
import io

import numpy as np

from f2p_deploy.character.parameter_table import NamedCharacter, table_text
from f2p_deploy.character.parameters import Parameters, random_batch
from f2p_deploy.character.schema import load_schema


def test_a_row_for_each_character() -> None:
    schema = load_schema("makehuman")
    rows = random_batch(schema, 2, 3)
    anna = NamedCharacter("anna", Parameters(schema, rows[0]), "fotos/änna, 1.jpg", "one-shot")
    text = table_text([anna, NamedCharacter("=1+1", Parameters(schema, rows[1]))])
    read = list(csv.DictReader(io.StringIO(text)))
    assert [row["photo"] for row in read] == ["fotos/änna, 1.jpg", ""]
    assert [row["name"] for row in read] == ["anna", "'=1+1"] and read[0]["mode"] == "one-shot"
    for row, values in zip(read, rows, strict=True):
        numbers = np.array([row[name] for name in schema.controller_index], np.float32)
        np.testing.assert_array_equal(numbers, values[: schema.n_c])
    assert read[0]["hair"] == anna.parameters.choice("hair")
