"""`index.html`: photos and characters side by side; plain HTML beside its pictures, nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from f2p_deploy import __version__
from f2p_deploy.character.folder_files import ALIGNED_FILE, CHARACTER_FILE, ENGINE_FILE, PARAMETERS_FILE
from f2p_deploy.pipeline.page.choices import choices, to_check
from f2p_deploy.pipeline.page.comparison import comparison
from f2p_deploy.pipeline.page.html_marks import anchor, drawn_by, file, first_picture, no_picture, photo, picture, text
from f2p_deploy.pipeline.page.slider_bars import controllers
from f2p_deploy.pipeline.results import Created, Failed, Report
from f2p_deploy.report.curve import loss_curve
from f2p_deploy.system.files import write_whole

#: From this many photos on, the page begins with an overview.
_OVERVIEW_FROM = 4


def write_page(report: Report, work: Path | None = None) -> None:
    """Write the page of a run, whole or not at all.

    Args:
        report: what came of the photos.
        work: the folder of the temporary file, see `write_whole`.

    Raises:
        InputError: it cannot be written.
    """
    write_whole(report.page, page(report).encode("utf-8"), beside=work)


def page(report: Report) -> str:
    """Return the page as HTML; its pictures are those in the characters' folders, by relative paths."""
    style = (files("f2p_deploy.report") / "page.css").read_text(encoding="utf-8")
    characters, failed = len(report.characters), len(report.failed)
    counts = f"{characters} character{'' if characters == 1 else 's'}"
    counts += f", {failed} photo{'' if failed == 1 else 's'} failed" if failed else ""
    notes = "".join(f"<p>{text(note)}</p>" for note in (report.finder, *report.notes, *_about_pictures(report)))
    groups = list(_by_photo(report))
    overview = _overview(groups) if len([group for group in groups if group[0]]) >= _OVERVIEW_FROM else ""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{text(counts)} · f2p-deploy</title><style>{style}</style></head><body>",
            f"<header><h1>{text(counts)}</h1>",
            f'<p class="facts">bundle <b>{text(report.bundle)}</b> · schema <b>{text(report.schema)}</b> · '
            f'<a href="summary.csv">summary.csv</a></p></header>',
            overview,
            "<main>",
            *(card for characters, failures in groups for card in _cards(characters, failures)),
            "</main>",
            _others(report),
            f"<footer>{notes}<p>Edit the sliders in <code>{PARAMETERS_FILE}</code> and draw them again with "
            f"<code>f2p-deploy render</code>. Made by f2p-deploy {__version__}.</p></footer>",
            "</body></html>\n",
        ]
    )


def _others(report: Report) -> str:
    """Return the characters of earlier runs, which this page says no more of."""
    if not report.others:
        return ""
    tiles = "".join(
        f'<a href="{file(one.name, PARAMETERS_FILE)}" style="--pictures:2">'
        f'<img src="{file(one.name, ALIGNED_FILE)}" alt="" loading="lazy">'
        f'<img src="{file(one.name, one.picture)}" alt="" loading="lazy">'
        f"<span>{text(one.name)}{' · edited since' if one.edited else ''}</span></a>"
        for one in report.others
    )
    return (
        '<section class="others"><h2>Of earlier runs in this folder</h2>'
        '<p class="quiet small">summary.csv tells of the last run alone.</p>'
        f'<nav class="overview" aria-label="Characters of earlier runs">{tiles}</nav></section>'
    )


def _by_photo(report: Report) -> Iterator[tuple[list[Created], list[Failed]]]:
    """Yield what came of each photo."""
    for _, group in groupby(report.results, key=lambda result: result.photo):
        results = list(group)
        yield (
            [result for result in results if isinstance(result, Created)],
            [result for result in results if isinstance(result, Failed)],
        )


def _cards(characters: Sequence[Created], failures: Sequence[Failed]) -> Iterator[str]:
    if len(characters) > 1:
        yield comparison(characters)
    else:
        yield from map(_card, characters)
    yield from map(_failure, failures)


def _about_pictures(report: Report) -> Iterator[str]:
    """Yield what is to be said of the pictures."""
    characters = report.characters
    if any(result.drawn_beforehand for result in characters):
        yield (
            "The engine drew these characters when the bundle was made, and its pictures came with it: each is shown "
            "only where every slider is as it was drawn."
        )
    elif characters and not any(result.has_engine_picture for result in characters):
        yield "What the game would show, the engine draws: --engine, with its assets."


def _overview(groups: Sequence[tuple[Sequence[Created], Sequence[Failed]]]) -> str:
    tiles = []
    for characters, _ in groups:
        if not characters:
            continue
        first = characters[0]
        drawn = [(result.name, of) for result in characters if (of := first_picture(result))]
        shown = [(first.name, ALIGNED_FILE), *drawn]
        pictures = "".join(f'<img src="{file(name, of)}" alt="" loading="lazy">' for name, of in shown)
        label = first.name if len(characters) == 1 else first.photo.name
        tiles.append(f'<a href="#{anchor(first.name)}" style="--pictures:{len(shown)}">{pictures}'
                     f"<span>{text(label)}</span>{_mark(characters)}</a>")  # fmt: skip
    kind = "overview wide" if any(len(characters) > 1 for characters, _ in groups) else "overview"
    return f'<nav class="{kind}" aria-label="All characters">{"".join(tiles)}</nav>'


def _mark(characters: Sequence[Created]) -> str:
    """Say in an overview how many choices are worth a look."""
    unsure = max(len(result.unsure) for result in characters)
    return f'<span class="mark">{unsure} to check</span>' if unsure else ""


def _card(result: Created) -> str:
    name = result.name
    warnings = "".join(f"<li>{text(warning[:1].upper() + warning[1:])}</li>" for warning in result.warnings)
    return "\n".join(
        [
            f'<article id="{anchor(name)}">',
            f'<div class="title"><h2>{text(name)}</h2><span class="mode">{text(result.mode)}</span></div>',
            f'<p class="reason">{text(result.mode[:1].upper() + result.mode[1:])}, {text(result.mode_reason)}. '
            f"{result.generation_seconds:.2f} s for the character, {result.seconds:.2f} s in all.</p>",
            f'<ul class="warnings">{warnings}</ul>' if warnings else "",
            to_check({result.mode: result}),
            _edited(result),
            f'<div class="pictures{"" if result.has_engine_picture else " plain"}">{"".join(_pictures(result))}</div>',
            '<div class="details">',
            choices(result),
            controllers(result.parameters),
            f"<section>{_losses(result)}{_files(result)}</section>",
            "</div></article>",
        ]
    )


def _pictures(result: Created) -> Iterator[str]:
    """Yield the engine's picture first and beside it the face in the same frame, then the photo and the preview."""
    name = result.name
    whole = photo(name, result.view, f"{result.photo.name}, with the landmarks and the part that was aligned")
    preview = no_picture("character") if not result.has_engine_picture else ""
    if result.has_preview:
        preview = picture(name, CHARACTER_FILE, "preview", drawn_by(result, CHARACTER_FILE), "preview")
    if result.has_engine_picture:  # what a player would see; the imitator's picture flatters mouths and jaws
        yield picture(name, ENGINE_FILE, "character", drawn_by(result, ENGINE_FILE), "large")
        yield picture(name, ALIGNED_FILE, "aligned face")
        yield f'<div class="side">{whole}{preview}</div>'
    else:
        yield picture(name, ALIGNED_FILE, "aligned face")
        yield preview
        yield f'<div class="side">{whole}</div>'


def _edited(result: Created) -> str:
    if not result.edited:
        return ""
    where = f"{result.name}/{PARAMETERS_FILE}"
    return (
        '<div class="notes"><p>Edited since it was drawn: the pictures show the character before, sliders and choices '
        f"are today's. <code>f2p-deploy render {text(where)}</code>, in the folder of this page, draws it.</p></div>"
    )


def _failure(result: Failed) -> str:
    return (
        f'<article class="failed"><div class="title"><h2>{text(result.photo.name)}</h2>'
        f'<span class="mode">{text(result.reason)}</span></div><p>{text(result.message)}</p></article>'
    )


def _losses(result: Created) -> str:
    if len(result.losses) < 2:
        return '<h3>Loss</h3><p class="quiet">One forward pass of the translator: no iterations, no loss curve.</p>'
    iterations = len(result.losses) - 1
    title = f"loss over {iterations} iterations, from {result.losses[0]:.4g} to {result.losses[-1]:.4g}"
    return f"<h3>Loss over {iterations} iterations</h3>{loss_curve(result.losses, title)}"


def _files(result: Created) -> str:
    drawn = {CHARACTER_FILE: result.has_preview, ALIGNED_FILE: True, ENGINE_FILE: result.has_engine_picture}
    named = [PARAMETERS_FILE, *(name for name, there in drawn.items() if there)]
    links = " · ".join(f'<a href="{file(result.name, name)}">{name}</a>' for name in named)
    return f'<h3>Files</h3><p class="quiet">{links}</p>'
