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
        doubts: what to look at first.
        edited: the file to draw again, where somebody changed it since; else empty.
        pictures: from the left; the photo stands to the right of them.
        photo: what it was made from.
        below_photo: what stands below the photo.
        choices: which options were read.
        sliders: furthest from the average.
        curve: the loss over the iterations, if there were any.
        files: what its folder has.
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
    """Return the pictures beside the photo and those below it.

    The engine's is the first, and beside it the face in the same frame: what a player would see; the imitator's picture
    flatters mouths and jaws.
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
