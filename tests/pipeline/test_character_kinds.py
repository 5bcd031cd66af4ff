"""Whom the characters of a set are for: words in names, the set's file, and the choice for a person."""

from pathlib import Path

import pytest

from f2p_deploy.pipeline.character_kinds import CharacterKind, ReadPerson, choose_character, read_kinds
from f2p_deploy.system.errors import InputError

MAN, WOMAN = CharacterKind("adult-male", "male"), CharacterKind("adult-female", "female", (18, 120))
GIRL = CharacterKind("girl", "female", (0, 17))


def test_names_say_whom_a_character_is_for(tmp_path: Path) -> None:
    kinds, reader = read_kinds(tmp_path, ("adult-female", "adult-male", "girl"))
    assert kinds == (WOMAN, MAN, GIRL)
    assert reader == ""
    assert read_kinds(tmp_path, ("makehuman_women",))[0] == (CharacterKind("makehuman_women", "female"),)


def test_the_file_says_more_than_names(tmp_path: Path) -> None:
    (tmp_path / "characters.toml").write_text(
        'reader = "demo"\n[girl]\nages = [0, 30]\n[adult-female]\nages = [31, 120]\n[orc]\nsex = "male"\n'
    )
    kinds, reader = read_kinds(tmp_path, ("adult-female", "girl", "orc"))
    assert [kind.people for kind in kinds] == ["women from 31", "women of 0 to 30", "men of any age"]
    assert reader == "demo"


@pytest.mark.parametrize(
    ("text", "names", "sentence"),
    [
        ("", ("orc",), "'orc' does not say whom the character is for"),
        ("[grl]\n", ("girl",), "no bundle or artifact is in the folder 'grl'. Did you mean 'girl'"),
        ("girl = 3\n", ("girl",), "girl must be a table"),
        ("[girl]\nage = [1, 2]\n", ("girl",), "unknown key 'age'. Did you mean 'ages'"),
        ("[girl]\nages = [1.5, 2]\n", ("girl",), "must be two years"),
        ("[girl]\nages = [9, 2]\n", ("girl",), "the younger first"),
        ('[girl]\nsex = "f"\n', ("girl",), "sex must be one of male, female, any, found 'f'"),
        ("reader = 3\n", ("girl",), "reader must be"),
        ("[girl\n", ("girl",), "is not valid TOML"),
        ("", ("man", "men"), "man is for men of any age and men for men of any age, which overlap"),
        ('[orc]\nsex = "any"\nages = [30, 40]\n', ("man", "orc"), "which overlap: set their sex and ages in"),
    ],
)
def test_a_set_that_cannot_be_used(tmp_path: Path, text: str, names: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "characters.toml").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_kinds(tmp_path, names)


def test_the_reason_names_sex_age_and_the_reading() -> None:
    chosen = choose_character((WOMAN, MAN, GIRL), ReadPerson(0.07, 34.4))
    assert (chosen.name, chosen.doubt) == ("adult-female", "")
    assert chosen.reason == "a woman of about 34, so adult-female (sex read as 0.07, 0 is a woman and 1 a man)"


def test_near_a_border_it_is_unsure() -> None:
    sex = choose_character((WOMAN, MAN, GIRL), ReadPerson(0.6, 40))
    assert sex.name == "adult-male" and "by sex adult-female is nearly as likely" in sex.doubt
    age = choose_character((WOMAN, MAN, GIRL), ReadPerson(0.1, 20))
    assert age.name == "adult-female" and "by age girl is nearly as likely (--character girl)" in age.doubt
    assert choose_character((MAN,), ReadPerson(0.5, 40)).doubt == ""


def test_if_nobody_fits_the_nearest_is_taken() -> None:
    chosen = choose_character((CharacterKind("knight", "male", (50, 120)), GIRL), ReadPerson(0.9, 30))
    assert chosen.name == "knight"
    assert "a man of about 30, for whom no character is: knight, for men from 50, is the nearest" in chosen.reason
    assert choose_character((GIRL,), ReadPerson(0.9, 30)).name == "girl"
