"""Engine units: every slider between the ends of its range, every group's option."""

import json

import numpy as np

from f2p_deploy.character.parameters import Parameters, random_batch
from f2p_deploy.character.schema import load_schema
from f2p_deploy.character.units_file import to_units, units_text


def test_values_lie_between_the_ends_of_their_range() -> None:
    schema = load_schema("makehuman")
    character = Parameters(schema, random_batch(schema, 1, 4)[0])
    data = json.loads(units_text(character))
    assert data == to_units(character) and data["schema_fingerprint"] == schema.fingerprint
    assert list(data["controllers"]) == list(schema.controller_index)
    for controller in schema.controllers:
        entry = data["controllers"][controller.name]
        assert (entry["low"], entry["high"]) == (controller.low, controller.high)
        share = (entry["value"] - controller.low) / (controller.high - controller.low)
        np.testing.assert_allclose(share, character[controller.name], atol=1e-6)
        share = (entry["default"] - controller.low) / (controller.high - controller.low)
        np.testing.assert_allclose(share, controller.default, atol=1e-6)
    assert data["discrete"] == {group.name: character.choice(group.name) for group in schema.discrete_groups}
