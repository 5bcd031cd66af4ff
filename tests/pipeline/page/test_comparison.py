"""The card of one photo in several modes: a column for each, shared facts once, and differences."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.pipeline.page.characters_page import characters_html
from f2p_deploy.pipeline.page.comparison import comparison
from f2p_deploy.pipeline.results import Created, Report


@pytest.fixture
def both(created: Created) -> tuple[Created, Created]:
    """One photo in two modes, which chose another hair colour and drew other pictures."""
    one = replace(created, name="a-one-shot", mode="one-shot", has_preview=False, warnings=("dark", "small"))
    parameters = created.parameters.with_values({"hair-colour": "black", "head.age": 0.75})
    other = replace(
        created,
        name="a-hybrid",
        mode_reason="the bundle can",
        parameters=parameters,
        losses=(2.0, 1.0, 0.5),
        has_engine_picture=True,
        warnings=("small",),
    )
    return one, other


def _html(*results: Created) -> str:
    return characters_html(Report(Path("out"), "demo", "small", "By hand.", results))


def test_shared_facts_are_shown_once(both: tuple[Created, Created]) -> None:
    card = comparison(both)
    assert card.first is both[0] and card.seconds == 2.0 and card.warnings == ("dark", "small")
    assert card.aligned.folder == card.photo.folder == "a-one-shot"
    text = _html(*both)
    assert text.count("<li>Small</li>") == 1 and "2 modes side by side" in text and "2.00 s for all" in text


def test_each_mode_has_a_column(both: tuple[Created, Created]) -> None:
    one, other = comparison(both).ways
    assert one.picture.file == "" and one.preview is None and one.curve is None and one.facts == "0.50 s"
    assert other.picture.caption == "hybrid (auto)" and other.picture.detail == "drawn by the engine"
    assert other.preview is not None and other.preview.file == "character.png"
    assert other.facts == "0.50 s, loss 2 to 0.5 in 2 iterations" and other.curve is not None
    text = _html(*both)
    assert "<figcaption>one-shot</figcaption>" in text and text.count("No picture") == 1
    assert text.count("<summary>Loss over 2 iterations</summary>") == 1
    assert '<a href="a-hybrid/parameters.json">' in text


def test_an_imitators_picture_that_stands_for_a_character_says_so(created: Created) -> None:
    way = comparison((created, created)).ways[0]
    assert way.picture.detail == "preview by the imitator, not the engine" and way.preview is None


def test_differences_stand_side_by_side(both: tuple[Created, Created]) -> None:
    text = _html(*both)
    assert '<tr class="differs"><th scope="row">hair-colour</th>' in text
    assert '<td>brown <span class="quiet">49%</span></td>' in text and '<span class="quiet">edited</span>' in text
    assert '<u class="way1" style="left:75.0%"></u>' in text and "Where they differ most, 1 of 2 sliders" in text
    assert "<p>one-shot: <b>hair-colour</b>: unsure, brown or chestnut.</p>" in text
    assert "<p>hybrid (auto): nothing unsure.</p>" in text


def test_equal_choices_are_one_table(created: Created) -> None:
    other = replace(created, name="b", mode="one-shot")
    assert comparison((created, other)).choices_beside is None
    text = _html(created, other)
    assert 'class="choices"' in text and 'class="choices beside"' not in text
    assert "The same in all modes." in text and text.count("unsure, brown or chestnut") == 1


def test_every_character_can_be_linked_to_and_no_two_places_have_one_name(both: tuple[Created, Created]) -> None:
    assert Counter(re.findall(r' id="([^"]+)"', _html(*both))) == {"a-one-shot": 1, "a-hybrid": 1}
