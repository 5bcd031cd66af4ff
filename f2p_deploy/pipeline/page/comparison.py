"""The part of the page about one photo in several modes: its characters side by side, and their differences."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from f2p_deploy.character.folder_files import CHARACTER_FILE, PARAMETERS_FILE
from f2p_deploy.pipeline.page.choices import (
    ChoicesBeside,
    ChoiceTable,
    Doubts,
    choice_table,
    choices_beside,
    same_choices,
    to_check,
)
from f2p_deploy.pipeline.page.shown_pictures import (
    ShownPhoto,
    ShownPicture,
    aligned_picture,
    drawn_by,
    first_picture,
    preview_picture,
    shown_photo,
)
from f2p_deploy.pipeline.page.slider_bars import SliderTable, controllers_beside
from f2p_deploy.pipeline.results import Created
from f2p_deploy.report.curve import loss_curve


@dataclass(frozen=True)
class Way:
    """The column of one mode.

    Args:
        result: the character.
        picture: the main picture.
        preview: the imitator's picture, if the main picture is the engine's.
        facts: duration, and loss of a search.
        parameters: name of the parameter file, for editing.
        curve: loss over the iterations; None without iterations.
    """

    result: Created
    picture: ShownPicture
    preview: ShownPicture | None
    facts: str
    parameters: str
    curve: Markup | None


@dataclass(frozen=True)
class Comparison:
    """The card of one photo in several modes.

    Args:
        first: the first character, for properties that all share.
        ways: a column for each mode.
        photo, aligned: the source of all.
        seconds: total duration.
        warnings: sentences without repetition.
        doubts: unsure options, which an artist should check first.
        choices: options of the first character.
        choices_beside: options of all, if they differ.
        sliders: the sliders that differ most.
    """

    first: Created
    ways: tuple[Way, ...]
    photo: ShownPhoto
    aligned: ShownPicture
    seconds: float
    warnings: tuple[str, ...]
    doubts: tuple[Doubts, ...]
    choices: ChoiceTable
    choices_beside: ChoicesBeside | None
    sliders: SliderTable


def comparison(results: Sequence[Created]) -> Comparison:
    """Return the card of one photo.

    Args:
        results: two or more characters of the photo, each of another mode.
    """
    first = results[0]
    by_mode = {f"{result.mode}{' (auto)' if result.mode_reason != 'as asked' else ''}": result for result in results}
    return Comparison(
        first=first,
        ways=tuple(_way(mode, result) for mode, result in by_mode.items()),
        photo=shown_photo(first),
        aligned=aligned_picture(first),
        seconds=sum(result.seconds for result in results),
        warnings=tuple(dict.fromkeys(warning for result in results for warning in result.remarks)),
        doubts=to_check(by_mode),
        choices=choice_table(first),
        choices_beside=None if same_choices(by_mode) else choices_beside(by_mode),
        sliders=controllers_beside({mode: result.parameters for mode, result in by_mode.items()}),
    )


def _way(mode: str, result: Created) -> Way:
    """Return the column of one mode."""
    file = first_picture(result)
    kind = "preview " if file == CHARACTER_FILE else ""
    detail = f"{kind}{drawn_by(result, file)}" if file else ""
    facts, curve = [f"{result.generation_seconds:.2f} s"], None
    if len(result.losses) > 1:
        iterations = len(result.losses) - 1
        facts.append(f"loss {result.losses[0]:.3g} to {result.losses[-1]:.3g} in {iterations} iterations")
        curve = loss_curve(result.losses, f"{mode}, loss over {iterations} iterations")
    preview = preview_picture(result) if result.has_engine_picture and result.has_preview else None
    picture = ShownPicture(result.name, file, mode, detail)
    return Way(result, picture, preview, ", ".join(facts), PARAMETERS_FILE, curve)
