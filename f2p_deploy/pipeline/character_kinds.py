"""Whom each character of a set is for, and the choice of one for a photo's sex and age.

A game has several characters, such as the paper's adult male, adult female and young girl, each with its own bundle.
`characters.toml` beside the bundles says whom each is for; without it, words in the names do:

    [adult-female]
    sex = "female"      # male, female or any
    ages = [18, 120]    # in years, both included
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args

from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.causes import place_of, reason_of_text
from f2p_deploy.system.errors import InputError

Sex = Literal["male", "female", "any"]

#: The file of a set, beside its bundles.
CHARACTERS_FILE = "characters.toml"

#: Years of people: no range ends later.
OLDEST = 120

#: First year of an adult, where names tell the young from adults.
ADULT = 18

#: A reading of sex this far from the middle, or an age this many years from a range's end, is near the border.
NEAR_SEX, NEAR_YEARS = 0.15, 5

#: Words in a character's name that say its sex, and that it is young.
_MALE, _FEMALE, _YOUNG = {"male", "man", "men", "boy"}, {"female", "woman", "women", "girl"}, {"girl", "boy", "child"}


@dataclass(frozen=True)
class CharacterKind:
    """Whom one character is for.

    Args:
        name: of the character.
        sex: of the people.
        ages: first and last age in years, both included.
    """

    name: str
    sex: Sex
    ages: tuple[int, int] = (0, OLDEST)

    def __post_init__(self) -> None:
        if self.sex not in get_args(Sex):
            raise InputError(f"{self.name}: sex must be one of {', '.join(get_args(Sex))}, found {self.sex!r}")
        if not 0 <= self.ages[0] <= self.ages[1] <= OLDEST:
            raise InputError(f"{self.name}: ages must be two years between 0 and {OLDEST}, the younger first")

    def is_for(self, sex: str, age: int) -> bool:
        """Return whether it is for people of a sex (`male`, `female`) and an age in years."""
        return self.sex in ("any", sex) and self.ages[0] <= age <= self.ages[1]

    @property
    def people(self) -> str:
        """For whom it is, in words."""
        sexes = {"male": "men", "female": "women", "any": "people"}
        first, last = self.ages
        if (first, last) == (0, OLDEST):
            return f"{sexes[self.sex]} of any age"
        return f"{sexes[self.sex]} from {first}" if last == OLDEST else f"{sexes[self.sex]} of {first} to {last}"


@dataclass(frozen=True)
class ReadPerson:
    """Sex and age of a person, as read from a photo.

    Args:
        male: in [0, 1]: 0 is a woman, 1 a man. It is a regression, not a probability.
        age: in years.
    """

    male: float
    age: float

    @property
    def sex(self) -> Literal["male", "female"]:
        """The sex, on the nearer side of the middle."""
        return "male" if self.male >= 0.5 else "female"


@dataclass(frozen=True)
class CharacterChoice:
    """The character chosen for a photo.

    Args:
        name: of the character.
        reason: as the end of a sentence; `as asked` if the user named it.
        doubt: a sentence if another character is nearly as likely; else empty.
        key: identifies everything that the choice depends on besides the photo; empty if the user named it.
    """

    name: str
    reason: str = "as asked"
    doubt: str = ""
    key: str = ""


def choose_character(kinds: Sequence[CharacterKind], person: ReadPerson) -> CharacterChoice:
    """Return the character for a person, with the reason; if none fits, the nearest: first by sex, then by age.

    Args:
        kinds: one or more.
        person: as read from a photo.
    """
    age = round(person.age)
    chosen = _nearest(kinds, person.sex, age)
    who = f"{'a man' if person.sex == 'male' else 'a woman'} of about {age}"
    read = f"(sex read as {person.male:.2f}, 0 is a woman and 1 a man)"
    if chosen.is_for(person.sex, age):
        reason = f"{who}, so {chosen.name} {read}"
    else:
        reason = f"{who}, for whom no character is: {chosen.name}, for {chosen.people}, is the nearest {read}"
    return CharacterChoice(chosen.name, reason, _doubt(kinds, chosen, person))


def _doubt(kinds: Sequence[CharacterKind], chosen: CharacterKind, person: ReadPerson) -> str:
    """Return a sentence if a reading near the border could have chosen another character; else an empty text."""
    sexes = ("male", "female") if abs(person.male - 0.5) < NEAR_SEX else (person.sex,)
    ages = [round(person.age) + shift for shift in (0, -NEAR_YEARS, NEAR_YEARS)]
    for sex in sexes:
        for age in ages:
            other = _nearest(kinds, sex, max(0, age))
            if other.name != chosen.name:
                what = "age" if sex == person.sex else "sex"
                return f"unsure of the character: by {what} {other.name} is nearly as likely (--character {other.name})"
    return ""


def _nearest(kinds: Sequence[CharacterKind], sex: str, age: int) -> CharacterKind:
    """Return the kind for a sex and an age, or the nearest: first by sex, then by years."""

    def distance(kind: CharacterKind) -> tuple[bool, int]:
        first, last = kind.ages
        return kind.sex not in ("any", sex), max(first - age, age - last, 0)

    return min(kinds, key=distance)


def read_kinds(folder: Path, names: Sequence[str]) -> tuple[tuple[CharacterKind, ...], str]:
    """Return whom the characters of a set are for, and the `reader` that its file names; empty for none.

    Args:
        folder: of the set, with or without `characters.toml`.
        names: of its characters.

    Raises:
        InputError: a file that cannot be used, a character whose people nobody says, or two for the same people.
    """
    path = folder / CHARACTERS_FILE
    data = _read(path)
    reader = data.pop("reader", "")
    if not isinstance(reader, str):
        raise InputError(f"{path}: reader must be the name of a character, 'demo' or a folder, found {reader!r}")
    for name in data:
        if name not in names:
            raise InputError(f"{path}: no bundle or artifact is in the folder {name!r}{suggestion(name, names)}")
    usual = _by_names(names)
    kinds = tuple(_kind(path, name, data.get(name, {}), usual.get(name)) for name in names)
    for one, other in combinations(kinds, 2):
        _check_apart(path, one, other)
    return kinds, reader


def _read(path: Path) -> dict[str, Any]:
    """Return the content of the set's file; empty if there is none."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML{place_of(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of_text(error)
        raise InputError(f"cannot read {path}: {reason}") from error


def _kind(path: Path, name: str, entry: object, usual: CharacterKind | None) -> CharacterKind:
    """Return one character's kind from its entry, completed by what its name says."""
    if not isinstance(entry, Mapping):
        raise InputError(f"{path}: {name} must be a table with sex and ages, found {entry!r}")
    for key in entry:
        if key not in ("sex", "ages"):
            raise InputError(f"{path}: {name} has an unknown key {key!r}{suggestion(str(key), ('sex', 'ages'))}")
    if usual is None and "sex" not in entry:
        raise InputError(
            f"the name {name!r} does not say whom the character is for: write [{name}] and sex = \"male\", \"female\" "
            f'or "any" into {path}'
        )
    ages = entry.get("ages", list(usual.ages) if usual else [0, OLDEST])
    if not (isinstance(ages, list) and len(ages) == 2 and all(type(age) is int for age in ages)):
        raise InputError(f"{path}: ages of {name} must be two years such as [18, {OLDEST}], found {ages!r}")
    try:
        return CharacterKind(name, entry.get("sex", usual.sex if usual else "any"), (ages[0], ages[1]))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _by_names(names: Sequence[str]) -> dict[str, CharacterKind]:
    """Return the kinds that words in the names say; an adult's begins at `ADULT` only beside a young one's."""
    found, young = {}, set()
    for name in names:
        words = set(re.split(r"[^a-z]+", name.lower()))
        male, female = bool(words & _MALE), bool(words & _FEMALE)
        if male != female:
            found[name] = CharacterKind(name, "male" if male else "female")
        if name in found and words & _YOUNG:
            young.add(name)
            found[name] = replace(found[name], ages=(0, ADULT - 1))
    sexes = {found[name].sex for name in young}
    return {
        name: replace(kind, ages=(ADULT, OLDEST)) if name not in young and kind.sex in sexes else kind
        for name, kind in found.items()
    }


def _check_apart(path: Path, one: CharacterKind, other: CharacterKind) -> None:
    """Raise if two characters are for the same people."""
    first, last = max(one.ages[0], other.ages[0]), min(one.ages[1], other.ages[1])
    if first <= last and ("any" in (one.sex, other.sex) or one.sex == other.sex):
        raise InputError(
            f"{one.name} is for {one.people} and {other.name} for {other.people}, which overlap: "
            f"set their sex and ages in {path}"
        )
