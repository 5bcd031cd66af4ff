"""Options against people's own words: is the hair of a character the photo's, and does everybody get the same?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.character.parameters import Parameters

if TYPE_CHECKING:
    from f2p_deploy.training.train_reader import Labels

#: Options that mean nothing is there, by the schema's tags: of these having and not having are told apart.
_ABSENT = ("bald", "no-beard", "no-glasses")


@dataclass(frozen=True)
class OptionFigures:
    """One discrete group.

    Args:
        known: people of whom it is known.
        right: share of them whose character has the photo's option.
        options_of_photos, options_of_characters: how many options are in use among these.
        commonest_of_photos, commonest_of_characters: the most frequent option among these, and its share.
    """

    known: int
    right: float
    options_of_photos: int
    options_of_characters: int
    commonest_of_photos: tuple[str, float]
    commonest_of_characters: tuple[str, float]


@dataclass(frozen=True)
class Presence:
    """Bald or not, a beard or none, glasses or none.

    Args:
        absent: the option that means nothing is there.
        known_with, known_without: people that are known to have one, or none.
        right_with, right_without: share of these whose character has one, or none; None where there are none.
    """

    absent: str
    known_with: int
    known_without: int
    right_with: float | None
    right_without: float | None


@dataclass(frozen=True)
class LabelFigures:
    """Characters against labels.

    Args:
        people: those that the table names.
        groups: by discrete group, those that are known of somebody.
        presence: by discrete group, where the schema's tags say which option is nothing.
        sliders: by controller, the correlation with its label, of at least three people.
    """

    people: int
    groups: Mapping[str, OptionFigures]
    presence: Mapping[str, Presence]
    sliders: Mapping[str, float]


def compare_labels(names: Sequence[str], characters: Sequence[Parameters], labels: "Labels") -> LabelFigures | None:
    """Compare characters with what people said of their photos.

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
        told = labels.options.get(group.name)
        if told is None:
            continue
        pairs = [(group.options[told[row]], made.choice(group.name)) for made, row in chosen if told[row] >= 0]
        if pairs:
            groups[group.name] = _figures(pairs)
            if group.name in absent:
                presence[group.name] = _presence(pairs, absent[group.name])
    sliders = {}
    for name, values in labels.sliders.items():
        pairs_of = [(values[row], made.values[schema.controller_index[name]]) for made, row in chosen]
        known = np.array([pair for pair in pairs_of if np.isfinite(pair[0])])
        if len(known) >= 3 and (np.ptp(known, axis=0) > 0).all():
            sliders[name] = float(np.corrcoef(known.T)[0, 1])
    return LabelFigures(len(chosen), groups, presence, sliders)


def _figures(pairs: Sequence[tuple[str, str]]) -> OptionFigures:
    wanted, made = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    return OptionFigures(
        len(pairs),
        sum(a == b for a, b in pairs) / len(pairs),
        len(wanted),
        len(made),
        _commonest(wanted),
        _commonest(made),
    )


def _commonest(counted: Counter[str]) -> tuple[str, float]:
    option = min(counted, key=lambda name: (-counted[name], name))
    return option, counted[option] / counted.total()


def _presence(pairs: Sequence[tuple[str, str]], absent: str) -> Presence:
    having = [made != absent for told, made in pairs if told != absent]
    lacking = [made == absent for told, made in pairs if told == absent]
    return Presence(absent, len(having), len(lacking), _share(having), _share(lacking))


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None
