"""Agreement of characters' options and sliders with labels of the photos, and the variety of options."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.character.parameters import Parameters

if TYPE_CHECKING:
    from f2p_deploy.training.data.labels import Labels

#: Tags of options that mean absence; for their groups, presence and absence are compared separately.
_ABSENT = ("bald", "no-beard", "no-glasses")


@dataclass(frozen=True)
class OptionFigures:
    """One discrete group.

    Args:
        known: number of people with a label of this group.
        right: share of them whose character has the photo's option.
        options_of_photos, options_of_characters: number of different options among them.
        commonest_of_photos, commonest_of_characters: the most frequent option among them, and its share.
    """

    known: int
    right: float
    options_of_photos: int
    options_of_characters: int
    commonest_of_photos: tuple[str, float]
    commonest_of_characters: tuple[str, float]


@dataclass(frozen=True)
class Presence:
    """Presence or absence of a feature: hair, a beard or glasses.

    Args:
        absent: the option that means absence.
        known_with, known_without: number of people whose label says that the feature is present, or absent.
        right_with, right_without: share of these whose character agrees; None if there are none.
    """

    absent: str
    known_with: int
    known_without: int
    right_with: float | None
    right_without: float | None


@dataclass(frozen=True)
class LabelFigures:
    """Agreement of characters with labels.

    Args:
        people: number of people in the table of labels.
        groups: by discrete group, if at least one person has a label of it.
        presence: by discrete group, if the schema's tags name the option that means absence.
        sliders: by controller, the correlation with its label over at least three people.
        known_sliders: by controller, the number of people with a label of it.
    """

    people: int
    groups: Mapping[str, OptionFigures]
    presence: Mapping[str, Presence]
    sliders: Mapping[str, float]
    known_sliders: Mapping[str, int]


def compare_labels(names: Sequence[str], characters: Sequence[Parameters], labels: "Labels") -> LabelFigures | None:
    """Compare characters with labels of their photos.

    Args:
        names: (N,) of the photos, folder and file.
        characters: (N,) made from them.
        labels: of some of the photos, see `read_labels`.

    Returns:
        The figures; None if the table names none of the photos.
    """
    place = {name: row for row, name in enumerate(labels.names)}
    chosen = [(character, place[name]) for name, character in zip(names, characters, strict=True) if name in place]
    if not chosen:
        return None
    schema = chosen[0][0].schema
    groups, presence = {}, {}
    absent = dict(schema.tags[role].split("=") for role in _ABSENT if role in schema.tags)
    for group in schema.discrete_groups:
        options = labels.options.get(group.name)
        if options is None:
            continue
        pairs = [(group.options[options[row]], one.choice(group.name)) for one, row in chosen if options[row] >= 0]
        if pairs:
            groups[group.name] = _figures(pairs)
            if group.name in absent:
                presence[group.name] = _presence(pairs, absent[group.name])
    sliders, known_sliders = {}, {}
    for name, values in labels.sliders.items():
        both = [(values[row], character.values[schema.controller_index[name]]) for character, row in chosen]
        known = np.array([pair for pair in both if np.isfinite(pair[0])])
        known_sliders[name] = len(known)
        if len(known) >= 3 and (np.ptp(known, axis=0) > 0).all():
            sliders[name] = float(np.corrcoef(known.T)[0, 1])
    return LabelFigures(len(chosen), groups, presence, sliders, known_sliders)


def _figures(pairs: Sequence[tuple[str, str]]) -> OptionFigures:
    photos, characters = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    return OptionFigures(
        len(pairs),
        sum(a == b for a, b in pairs) / len(pairs),
        len(photos),
        len(characters),
        _commonest(photos),
        _commonest(characters),
    )


def _commonest(counted: Counter[str]) -> tuple[str, float]:
    option = min(counted, key=lambda name: (-counted[name], name))
    return option, counted[option] / counted.total()


def _presence(pairs: Sequence[tuple[str, str]], absent: str) -> Presence:
    having = [character != absent for photo, character in pairs if photo != absent]
    lacking = [character == absent for photo, character in pairs if photo == absent]
    return Presence(absent, len(having), len(lacking), _share(having), _share(lacking))


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None
