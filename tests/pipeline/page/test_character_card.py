"""The card of one character: pictures, loss and files, and their HTML."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from f2p_deploy.pipeline.page.character_card import CharacterCard, character_card
from f2p_deploy.pipeline.page.characters_page import characters_html
from f2p_deploy.pipeline.page.shown_pictures import ShownPicture
from f2p_deploy.pipeline.results import Created, Report


def _files(pictures: Sequence[ShownPicture]) -> list[str]:
    return [picture.file for picture in pictures]


def _html(created: Created) -> str:
    return characters_html(Report(Path("out"), "demo", "small", "By hand.", (created,)))


def _placed(card: CharacterCard) -> tuple[list[str], list[str]]:
    return _files(card.pictures), _files(card.below_photo)


def test_the_picture_that_a_player_would_see_comes_first(created: Created) -> None:
    drawn = replace(created, has_engine_picture=True)
    assert _placed(character_card(drawn)) == (["engine.png", "aligned.png"], ["character.png"])
    assert _placed(character_card(replace(drawn, has_preview=False))) == (["engine.png", "aligned.png"], [])
    assert _placed(character_card(created)) == (["aligned.png", "character.png"], [])
    undrawn = replace(created, has_preview=False)
    assert character_card(undrawn).pictures[1] == ShownPicture("a", "", "character")
    assert "No picture: the bundle has no imitator yet." in _html(undrawn) and "No picture" not in _html(created)


def test_one_value_makes_no_curve(created: Created) -> None:
    assert character_card(created).curve is None and character_card(replace(created, losses=(1.0,))).curve is None
    assert "One forward pass of the translator" in _html(created) and "class=\"curve\"" not in _html(created)
    curve = character_card(replace(created, losses=(2.0, 1.0, 0.5))).curve
    assert curve is not None and 'aria-label="loss over 2 iterations, from 2 to 0.5"' in curve
    text = _html(replace(created, losses=(2.0, 1.0, 0.5)))
    assert str(curve) in text and "<h3>Loss over 2 iterations</h3>" in text


def test_files_are_those_that_are_there(created: Created) -> None:
    assert character_card(created).files == ("parameters.json", "character.png", "aligned.png")
    other = replace(created, has_preview=False, has_engine_picture=True)
    assert character_card(other).files == ("parameters.json", "aligned.png", "engine.png")
    links = '<a href="a/parameters.json">parameters.json</a> · <a href="a/character.png">character.png</a>'
    assert links in _html(created)


def test_an_edited_character_says_how_to_draw_it(created: Created) -> None:
    assert character_card(created).edited == "" and "Edited after" not in _html(created)
    odd = replace(created, name="b <&>", edited=True)
    assert character_card(odd).edited == "b <&>/parameters.json"
    assert "<code>f2p-deploy render b &lt;&amp;&gt;/parameters.json</code>" in _html(odd)


def test_choices_and_sliders_stand_in_the_page(created: Created) -> None:
    parameters = created.parameters.with_values({"head.age": 0.9})
    text = _html(replace(created, parameters=parameters, warnings=("the face is small", "<b>")))
    assert "<p><b>hair-colour</b>: unsure, brown or chestnut.</p>" in text
    assert '<tr class="unsure"><th scope="row">hair-colour</th><td>brown</td>' in text
    assert '<span class="sure" style="--sure:49%">49%</span>' in text and '<td class="quiet">near dark</td>' in text
    assert "Furthest from the average, 2 of 2 sliders" in text
    assert '<i style="left:50.0%;width:40.0%"></i>' in text and "<td>0.90</td>" in text
    assert "<li>The face is small</li>" in text and "<li>&lt;b&gt;</li>" in text


def test_the_photo_has_its_frame_and_its_points(created: Created) -> None:
    text = _html(created)
    assert '<svg viewBox="0 0 220 110" aria-hidden="true">' in text and 'points="1.0,2.0 3.5,4.0"' in text
    assert '<circle cx="5.5" cy="6.0" r="2.0"/>' in text


def test_an_artifact_that_chose_nothing_has_no_choices(created: Created) -> None:
    schema = replace(created.parameters.schema, discrete_groups=(), tags={})
    bare = replace(created.parameters, schema=schema, values=created.parameters.values[: schema.n_c])
    assert "<h3>Choices</h3>" not in _html(replace(created, parameters=bare, read={}))
    unread = {name: part for name, part in created.read.items() if name == "head.age"}
    assert "<h3>Choices</h3>" in _html(replace(created, parameters=bare, read=unread))
