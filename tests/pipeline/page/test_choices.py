"""Choices on the page: confidence, next option, and unread parts."""

from dataclasses import replace

from f2p_deploy.model.reading import ReadPart
from f2p_deploy.pipeline.page.choices import (
    Choice,
    ChoiceBeside,
    Doubt,
    Doubts,
    choice_table,
    choices_beside,
    same_choices,
    to_check,
)
from f2p_deploy.pipeline.results import Created

SURENESS = "The percentages are confidences; those below 50% are marked."


def _row(created: Created, name: str) -> Choice:
    (row,) = [row for row in choice_table(created).rows if row.name == name]
    return row


def test_a_doubt_names_both_options(created: Created) -> None:
    assert to_check({"hybrid": created}) == (Doubts((Doubt("hair-colour", "brown", "chestnut"),)),)
    sure = replace(created, read={**created.read, "hair-colour": ReadPart("photo", "brown", 0.5, "black", 0.3)})
    assert to_check({"hybrid": sure}) == ()


def test_each_option_says_where_it_is_from(created: Created) -> None:
    assert _row(created, "hair-colour") == Choice("hair-colour", "brown", "49%", "or chestnut, 31%", unsure=True)
    assert _row(created, "skin") == Choice("skin", "tan", "", "near dark")
    assert _row(created, "make-up") == Choice("make-up", "none", "", "not read: the default")
    assert _row(created, "beard") == Choice("beard", "full", "", "kept")
    unread = "Not read from the photo: make-up (stays none); head.age; the face's asymmetry (1 slider)."
    assert choice_table(created).notes == (SURENESS, unread)
    assert [row.name for row in choice_table(created).rows] == ["hair-colour", "skin", "make-up", "beard"]


def test_age_and_sex_are_shown_as_choices_where_they_were_read(created: Created) -> None:
    schema = replace(created.parameters.schema, tags={"skin-tone": "skin", "age": "head.age"})
    aged = replace(created.parameters.with_values({"head.age": 0.25}), schema=schema)
    read = {name: part for name, part in created.read.items() if name != "head.age"}
    assert _row(replace(created, parameters=aged, read=read), "head.age") == Choice(
        "head.age", "0.25", "", "0 young, 1 old"
    )
    assert "head.age" not in [row.name for row in choice_table(replace(created, parameters=aged)).rows]


def test_nothing_is_certain(created: Created) -> None:
    read = {**created.read, "hair-colour": ReadPart("photo", "brown", 0.9999, "black", 0.0001)}
    assert _row(replace(created, read=read), "hair-colour") == Choice("hair-colour", "brown", "99%")


def test_an_edited_option_is_no_longer_unsure(created: Created) -> None:
    other = created.parameters.with_values({"hair-colour": "black", "make-up": "evening"})
    edited = replace(created, parameters=other, edited=True)
    assert _row(edited, "hair-colour") == Choice("hair-colour", "black", "", "edited; was brown")
    assert to_check({"hybrid": edited}) == ()
    assert choice_table(edited).notes[-1].startswith("Not read from the photo: head.age; the face's asymmetry")


def test_an_artifact_that_says_nothing_has_options_alone(created: Created) -> None:
    silent = choice_table(replace(created, read={}))
    assert silent.rows[0] == Choice("hair-colour", "brown") and silent.notes == ()


def test_different_choices_of_modes_stand_side_by_side(created: Created) -> None:
    other = replace(created, parameters=created.parameters.with_values({"hair-colour": "black"}))
    assert same_choices({"one-shot": created, "hybrid": created})
    both = {"one-shot": created, "hybrid": other}
    assert not same_choices(both)
    table = choices_beside(both)
    assert table.modes == ("one-shot", "hybrid") and table.notes == choice_table(created).notes
    hair, skin, _, beard = table.rows
    assert hair == ChoiceBeside("hair-colour", (("brown", "49%"), ("black", "edited"))) and hair.differs
    assert skin.options == (("tan", ""), ("tan", "")) and not skin.differs and not beard.differs
    assert to_check(both) == (Doubts((Doubt("hair-colour", "brown", "chestnut"),), "one-shot"), Doubts((), "hybrid"))
