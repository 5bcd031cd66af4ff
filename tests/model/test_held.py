"""Held entries: options, age and sex, and sliders that make a face uneven."""

from dataclasses import replace

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.model.held import held_entries, read_controllers

SCHEMA = Schema(
    "toy",
    (Controller("nose", "face"), Controller("age", "head"), Controller("uneven", "head", asymmetric=True)),
    (DiscreteGroup("hair", ("none", "short")),),
    tags={"age": "age"},
)


def test_tagged_controllers_are_read() -> None:
    assert read_controllers(SCHEMA) == (1,)
    assert read_controllers(replace(SCHEMA, tags={})) == ()


def test_options_tagged_and_uneven_controllers_are_held() -> None:
    assert held_entries(SCHEMA).tolist() == [False, True, True, True, True]
    assert held_entries(replace(SCHEMA, tags={})).tolist() == [False, False, True, True, True]
