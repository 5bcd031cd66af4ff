"""A raw vector with its layout."""

import json

import numpy as np

from f2p_deploy.character.parameters import Parameters, column_names, random_batch
from f2p_deploy.character.schema import load_schema
from f2p_deploy.character.vector_file import layout_text, vector_bytes


def test_the_layout_names_every_number() -> None:
    schema = load_schema("makehuman-male")
    character = Parameters(schema, random_batch(schema, 1, 2)[0])
    layout = json.loads(layout_text(character))
    values = np.frombuffer(vector_bytes(character), layout["dtype"])
    assert len(values) == layout["count"] == len(layout["names"]) and layout["names"] == list(column_names(schema))
    named = dict(zip(layout["names"], values.tolist(), strict=True))
    assert named["nose.width"] == character["nose.width"] and named[f"hair={character.choice('hair')}"] == 1.0
