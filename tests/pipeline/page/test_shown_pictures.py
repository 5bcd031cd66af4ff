"""Pictures on the page: the main picture of a character, and its renderer."""

from dataclasses import replace

from f2p_deploy.pipeline.page.shown_pictures import (
    ShownPicture,
    aligned_picture,
    drawn_by,
    engine_picture,
    first_picture,
    preview_picture,
    shown_photo,
)
from f2p_deploy.pipeline.results import Created


def test_the_engines_picture_stands_for_a_character_where_there_is_one(created: Created) -> None:
    assert first_picture(replace(created, has_engine_picture=True)) == "engine.png"
    assert first_picture(created) == "character.png"
    assert first_picture(replace(created, has_preview=False)) == ""


def test_pictures_say_who_drew_them_and_whether_that_was_before_an_edit(created: Created) -> None:
    engine = "drawn by the engine"
    assert engine_picture(created) == ShownPicture("a", "engine.png", "character", engine, "large")
    assert preview_picture(created).detail == "by the imitator, not the engine"
    edited = replace(created, edited=True)
    assert drawn_by(edited, "engine.png") == f"{engine}, before it was edited"
    assert preview_picture(edited).detail == "by the imitator, not the engine, before it was edited"
    assert aligned_picture(edited) == ShownPicture("a", "aligned.png", "aligned face")


def test_the_photo_says_what_is_seen_in_it(created: Created) -> None:
    photo = shown_photo(created)
    assert (photo.folder, photo.file, photo.view) == ("a", "photo.jpg", created.view)
    assert photo.description == "a.png, with the landmarks and the part that was aligned"
