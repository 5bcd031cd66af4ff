"""Choices on the page: how sure each is, the next one, and what nothing read; doubts are notes and no alarm."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.model.reading import ReadPart
from f2p_deploy.pipeline.page.choices import choices, choices_beside, same_choices, to_check
from f2p_deploy.pipeline.results import Created, PhotoView

SCHEMA = Schema(
    "small",
    (Controller("head.age", "head"), Controller("head.uneven", "head", asymmetric=True)),
    (
        DiscreteGroup("hair-colour", ("black", "brown", "chestnut")),
        DiscreteGroup("skin", ("light", "tan", "dark")),
        DiscreteGroup("make-up", ("none", "evening")),
        DiscreteGroup("beard", ("none", "full")),
    ),
    tags={"skin-tone": "skin"},
)


@pytest.fixture
def created() -> Created:
    parameters = average(SCHEMA).with_values({"hair-colour": "brown", "skin": "tan", "beard": "full"})
    read = {
        "hair-colour": ReadPart("photo", "brown", 0.4999, "chestnut", 0.31),
        "skin": ReadPart("photo", "tan", 0.45, "dark", 0.4),
        "make-up": ReadPart("default", "none"),
        "beard": ReadPart("kept", "full"),
        "head.age": ReadPart("default"),
        "head.uneven": ReadPart("default"),
    }
    view = PhotoView(1, 1, (), {})
    return Created(Path("a.png"), "a", "hybrid", "as asked", parameters, (), 1.0, 0.5, "file", view, read=read)


def _row(html: str, name: str) -> str:
    (row,) = re.findall(rf'<tr[^>]*><th scope="row">{name}</th>.*?</tr>', html)
    return row


def test_a_doubt_is_a_note_with_both_options(created: Created) -> None:
    note = "<p><b>hair-colour</b>: unsure, brown or chestnut.</p>"
    assert to_check({"hybrid": created}) == f'<div class="notes">{note}</div>'
    sure = replace(created, read={**created.read, "hair-colour": ReadPart("photo", "brown", 0.5, "black", 0.3)})
    assert to_check({"hybrid": sure}) == ""


def test_each_option_says_where_it_is_from(created: Created) -> None:
    html = choices(created)
    assert 'class="unsure"' in _row(html, "hair-colour") and ">49%<" in _row(html, "hair-colour")
    assert "or chestnut, 31%" in _row(html, "hair-colour")
    assert "near dark" in _row(html, "skin") and "%" not in _row(html, "skin")
    assert "not read: the default" in _row(html, "make-up") and "kept" in _row(html, "beard")
    assert "head.age" not in html.partition("Not read")[0]
    assert "Not read from the photo: make-up (stays none); head.age; what is uneven in the face (1 slider)." in html


def test_nothing_is_certain(created: Created) -> None:
    read = {**created.read, "hair-colour": ReadPart("photo", "brown", 0.9999, "black", 0.0001)}
    row = _row(choices(replace(created, read=read)), "hair-colour")
    assert ">99%<" in row and "or black" not in row


def test_what_was_edited_is_no_doubt_any_more(created: Created) -> None:
    other = created.parameters.with_values({"hair-colour": "black", "make-up": "evening"})
    edited = replace(created, parameters=other, edited=True)
    assert "edited; was brown" in _row(choices(edited), "hair-colour") and to_check({"hybrid": edited}) == ""
    assert "Not read from the photo: head.age; what is uneven" in choices(edited)


def test_an_artifact_that_says_nothing_has_options_alone(created: Created) -> None:
    html = choices(replace(created, read={}))
    assert "brown" in html and "%" not in html and "read" not in html


def test_modes_that_chose_otherwise_stand_side_by_side(created: Created) -> None:
    other = replace(created, parameters=created.parameters.with_values({"hair-colour": "black"}))
    assert same_choices({"one-shot": created, "hybrid": created})
    both = {"one-shot": created, "hybrid": other}
    assert not same_choices(both)
    html = choices_beside(both)
    assert 'class="differs"' in _row(html, "hair-colour") and "brown" in _row(html, "hair-colour")
    assert "black" in _row(html, "hair-colour") and "differs" not in _row(html, "beard")
    assert "49%" in _row(html, "hair-colour") and "edited" in _row(html, "hair-colour")
    assert to_check(both).count("<p>") == 2 and "hybrid: nothing unsure." in to_check(both)
