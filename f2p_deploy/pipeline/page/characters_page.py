"""`index.html`: photos and characters side by side, as plain HTML without external resources."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from f2p_deploy.character.folder_files import ALIGNED_FILE, PARAMETERS_FILE
from f2p_deploy.pipeline.page.character_card import CharacterCard, character_card
from f2p_deploy.pipeline.page.comparison import Comparison, comparison
from f2p_deploy.pipeline.page.shown_pictures import first_picture
from f2p_deploy.pipeline.results import Created, Earlier, Failed, Report
from f2p_deploy.report.templates import render_template
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import address

#: Smallest number of photos for which the page has an overview.
_OVERVIEW_FROM = 4


@dataclass(frozen=True)
class Tile:
    """A thumbnail with a link, for one character or for all characters of a photo.

    Args:
        link: address of the character.
        pictures: addresses of the pictures.
        label: name of the character or photo.
        mark: a remark; empty for none.
    """

    link: str
    pictures: tuple[str, ...]
    label: str
    mark: str = ""


@dataclass(frozen=True)
class PhotoCards:
    """The cards of one photo.

    Args:
        character: the card of the character, if there is exactly one.
        comparison: the card of the characters, if there are several.
        failures: the modes that failed.
    """

    character: CharacterCard | None
    comparison: Comparison | None
    failures: tuple[Failed, ...]


def write_characters_page(report: Report, work: Path | None = None) -> None:
    """Write the page of a run atomically.

    Args:
        report: the results of the run.
        work: folder for the temporary file, see `write_whole`.

    Raises:
        InputError: the page cannot be written.
    """
    write_whole(report.page, characters_html(report).encode("utf-8"), beside=work)


def characters_html(report: Report) -> str:
    """Return the page as HTML; it refers to the pictures in the characters' folders by relative paths."""
    characters, failed = len(report.characters), len(report.failed)
    counts = f"{characters} character{'' if characters == 1 else 's'}"
    counts += f", {failed} photo{'' if failed == 1 else 's'} failed" if failed else ""
    groups = list(_by_photo(report))
    with_characters = [made for made, _ in groups if made]
    values = {
        "title": counts,
        "facts": dict(_fact(*fact) for fact in (("bundle", report.bundle), ("schema", report.schema))),
        "tiles": [_tile(made) for made in with_characters] if len(with_characters) >= _OVERVIEW_FROM else [],
        "wide": any(len(made) > 1 for made in with_characters),
        "photos": [_cards(made, failures) for made, failures in groups],
        "earlier": [_earlier_tile(one) for one in report.others],
        "notes": [report.finder, *report.notes, *_about_pictures(report)],
        "parameters_file": PARAMETERS_FILE,
    }
    return render_template("pipeline/page/templates/characters.html", values)


def _fact(name: str, listed: str) -> tuple[str, str]:
    """Return a fact, in the plural if several names are listed."""
    return (f"{name}s" if ", " in listed else name, listed)


def _by_photo(report: Report) -> Iterator[tuple[list[Created], list[Failed]]]:
    """Yield (characters, failures) of each photo."""
    for _, group in groupby(report.results, key=lambda result: result.photo):
        results = list(group)
        yield (
            [result for result in results if isinstance(result, Created)],
            [result for result in results if isinstance(result, Failed)],
        )


def _cards(characters: Sequence[Created], failures: Sequence[Failed]) -> PhotoCards:
    return PhotoCards(
        character_card(characters[0]) if len(characters) == 1 else None,
        comparison(characters) if len(characters) > 1 else None,
        tuple(failures),
    )


def _about_pictures(report: Report) -> Iterator[str]:
    """Yield notes about the pictures."""
    characters = report.characters
    if any(result.drawn_beforehand for result in characters):
        yield (
            "The engine drew these pictures in advance, and the bundle holds them; each is shown only if every slider "
            "is as it was drawn."
        )
    elif characters and not any(result.has_engine_picture for result in characters):
        yield "The game would show other pictures; --engine, with its assets, draws them."


def _tile(characters: Sequence[Created]) -> Tile:
    """Return the tile of a photo's characters for the overview, marked with the number of unsure choices."""
    first = characters[0]
    drawn = [(result.name, file) for result in characters if (file := first_picture(result))]
    pictures = tuple(address(f"{name}/{file}") for name, file in [(first.name, ALIGNED_FILE), *drawn])
    label = first.name if len(characters) == 1 else first.photo.name
    label += f" · {first.character.name}" if first.character else ""
    unsure = max(len(result.unsure) for result in characters)
    return Tile(f"#{address(first.name)}", pictures, label, f"{unsure} to check" if unsure else "")


def _earlier_tile(one: Earlier) -> Tile:
    """Return the tile of a character of an earlier run; it has no card on this page."""
    pictures = tuple(address(f"{one.name}/{file}") for file in (ALIGNED_FILE, one.picture))
    label = f"{one.name} · edited since" if one.edited else one.name
    return Tile(address(f"{one.name}/{PARAMETERS_FILE}"), pictures, label)
