"""CelebA's attributes as labels for the reader: sex, age, hair colour, beard and glasses, by the schema's tags.

Attributes are words, not measures: `Young` becomes one of two ages, and glasses of any kind the first kind that the
schema offers. A table of labels (`--labels`) is more exact and is used instead if given.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from f2p_deploy.character.schema import Schema
from f2p_deploy.training.data.celeba import attributes_of
from f2p_deploy.training.data.label_table import MAN, WOMAN, age_to_slider
from f2p_deploy.training.data.labels import Labels
from f2p_deploy.training.data.portraits import list_photos, name_of

#: Years that stand for `Young` and for its absence, on the scale of `age_to_slider`. A choice, not a measurement.
YOUNG, OLD = 35.0, 60.0

#: Attributes that say a hair colour, and the option's name.
HAIR_COLOURS = {"Black_Hair": "black", "Brown_Hair": "brown", "Blond_Hair": "blond", "Gray_Hair": "grey"}

#: Attributes that say a beard, and the option's name.
BEARDS = {"5_o_Clock_Shadow": "shadow", "Mustache": "moustache", "Goatee": "goatee"}


def celeba_labels(folders: Sequence[Path], schema: Schema) -> Labels | None:
    """Return labels from the tables of attributes beside some folders of photos.

    Args:
        folders: of photos; those without a table add nothing.
        schema: its tags say which parts are sex, age, hair colour, beard and glasses; parts without a tag get no label.

    Returns:
        Labels of all photos with attributes; None if there are none.

    Raises:
        InputError: a table is damaged.
    """
    tables = [(folder, table) for folder in folders if (table := attributes_of(folder)) is not None]
    names, known = [], []
    for folder, table in tables:
        for photo in list_photos([folder]):
            attributes = table.of(photo)
            if attributes:
                names.append(name_of(photo))
                known.append(_labels_of(attributes, schema))
    if not names:
        return None
    options: dict[str, np.ndarray] = {}
    sliders: dict[str, np.ndarray] = {}
    for i, (chosen, values) in enumerate(known):
        for group, option in chosen.items():
            options.setdefault(group, np.full(len(names), -1))[i] = option
        for controller, value in values.items():
            sliders.setdefault(controller, np.full(len(names), np.nan, np.float32))[i] = value
    return Labels(tuple(names), options, sliders)


def _labels_of(attributes: Mapping[str, bool], schema: Schema) -> tuple[dict[str, int], dict[str, float]]:
    """Return the options by discrete group, and the sliders by controller, that attributes tell."""
    tags, sliders = schema.tags, {}
    if "sex" in tags and "Male" in attributes:
        sliders[tags["sex"]] = MAN if attributes["Male"] else WOMAN
    if "age" in tags and "Young" in attributes:
        sliders[tags["age"]] = age_to_slider(YOUNG if attributes["Young"] else OLD)
    chosen: dict[str, int] = {}
    covered = attributes.get("Wearing_Hat", False)
    colours = [option for name, option in HAIR_COLOURS.items() if attributes.get(name)]
    if len(colours) == 1 and not covered:
        _choose(chosen, schema, "hair-colour", colours[0])
    if attributes.get("Bald") and not covered:
        _choose_tagged(chosen, schema, "bald")
    beards = [option for name, option in BEARDS.items() if attributes.get(name)]
    if attributes.get("No_Beard") and not beards:
        _choose_tagged(chosen, schema, "no-beard")
    elif len(beards) == 1:
        _choose(chosen, schema, "beard", beards[0])
    if "Eyeglasses" in attributes:
        _choose_tagged(chosen, schema, "no-glasses")
        group, none = tags.get("glasses"), chosen.get(tags.get("glasses", ""))
        if attributes["Eyeglasses"] and group is not None:
            others = [i for i in range(len(_options(schema, group))) if i != none]
            chosen[group] = others[0]
    return chosen, sliders


def _choose(chosen: dict[str, int], schema: Schema, tag: str, option: str) -> None:
    group = schema.tags.get(tag)
    if group is not None and option in _options(schema, group):
        chosen[group] = _options(schema, group).index(option)


def _choose_tagged(chosen: dict[str, int], schema: Schema, tag: str) -> None:
    """Choose the option that a tag such as `beard=none` names."""
    if tag in schema.tags:
        group, _, option = schema.tags[tag].partition("=")
        chosen[group] = _options(schema, group).index(option)


def _options(schema: Schema, group: str) -> tuple[str, ...]:
    return next(entry.options for entry in schema.discrete_groups if entry.name == group)
