"""The part of the page about one character: its pictures, choices, sliders, loss and files."""

from dataclasses import dataclass

from markupsafe import Markup

from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, PARAMETERS_FILE
from f2p_deploy.pipeline.page.choices import ChoiceTable, Doubts, choice_table, to_check
from f2p_deploy.pipeline.page.shown_pictures import (
    ShownPhoto,
    ShownPicture,
    aligned_picture,
    engine_picture,
    preview_picture,
    shown_photo,
)
from f2p_deploy.pipeline.page.slider_bars import SliderTable, controllers
from f2p_deploy.pipeline.results import Created
from f2p_deploy.report.curve import loss_curve


@dataclass(frozen=True)
class CharacterCard:
    """The card of one character.

    Args:
        result: the character.
        doubts: unsure options, which an artist should check first.
        edited: the parameter file to draw again if it was edited after it was drawn; else empty.
        pictures: left of the photo, from left to right.
        photo: the source photo.
        below_photo: pictures below the photo.
        choices: the options.
        sliders: the sliders furthest from the average.
        curve: loss over the iterations; None without iterations.
        files: names of the files in its folder.
    """

    result: Created
    doubts: tuple[Doubts, ...]
    edited: str
    pictures: tuple[ShownPicture, ...]
    photo: ShownPhoto
    below_photo: tuple[ShownPicture, ...]
    choices: ChoiceTable
    sliders: SliderTable
    curve: Markup | None
    files: tuple[str, ...]


def character_card(result: Created) -> CharacterCard:
    """Return the card of one character."""
    pictures, below_photo = _pictures(result)
    return CharacterCard(
        result=result,
        doubts=to_check({result.mode: result}),
        edited=f"{result.name}/{PARAMETERS_FILE}" if result.edited else "",
        pictures=pictures,
        photo=shown_photo(result),
        below_photo=below_photo,
        choices=choice_table(result),
        sliders=controllers(result.parameters),
        curve=_curve(result),
        files=_files(result),
    )


def _pictures(result: Created) -> tuple[tuple[ShownPicture, ...], tuple[ShownPicture, ...]]:
    """Return the pictures left of the photo and those below it.

    The engine's picture comes first, since a player sees that one, then the aligned face in the same frame. The
    imitator's picture is only a preview: it flatters mouths and jaws.
    """
    preview = preview_picture(result)
    if result.has_engine_picture:
        return (engine_picture(result), aligned_picture(result)), (preview,) if result.has_preview else ()
    return (aligned_picture(result), preview if result.has_preview else ShownPicture(result.name, "", "character")), ()


def _curve(result: Created) -> Markup | None:
    if len(result.losses) < 2:
        return None
    iterations = len(result.losses) - 1
    title = f"loss over {iterations} iterations, from {result.losses[0]:.4g} to {result.losses[-1]:.4g}"
    return loss_curve(result.losses, title)


def _files(result: Created) -> tuple[str, ...]:
    drawn = {CHARACTER_FILE: result.has_preview, ALIGNED_FILE: True, ENGINE_FILE: result.has_engine_picture}
    return PARAMETERS_FILE, *(name for name, there in drawn.items() if there)
