"""`index.html`: photos and characters side by side; plain HTML beside its pictures, nothing from elsewhere."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.atomic import write_whole
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.creation.results import (
    ALIGNED_FILE,
    CHARACTER_FILE,
    ENGINE_FILE,
    PARAMETERS_FILE,
    PHOTO_FILE,
    Created,
    Failed,
    PhotoView,
    Report,
)
from f2p_deploy.curve import loss_curve
from f2p_deploy.names import address, shown

#: How many controllers a card shows: those that differ most from the average face.
CONTROLLERS_SHOWN = 10

#: From this many results on, the page begins with an overview.
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
    style = (files("f2p_deploy.creation") / "page.css").read_text(encoding="utf-8")
    characters, failed = len(report.characters), len(report.failed)
    counts = f"{characters} character{'' if characters == 1 else 's'}"
    counts += f", {failed} photo{'' if failed == 1 else 's'} failed" if failed else ""
    notes = "".join(f"<p>{_text(note)}</p>" for note in (report.finder, *report.notes))
    cards = [_card(result) if isinstance(result, Created) else _failure(result) for result in report.results]
    overview = _overview(report.characters) if characters >= _OVERVIEW_FROM else ""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(counts)} · f2p-deploy</title><style>{style}</style></head><body>",
            f"<header><h1>{_text(counts)}</h1>",
            f'<p class="facts">bundle <b>{_text(report.bundle)}</b> · schema <b>{_text(report.schema)}</b> · '
            f'<a href="summary.csv">summary.csv</a></p></header>',
            overview,
            "<main>",
            *cards,
            "</main>",
            f"<footer>{notes}<p>Edit the sliders in <code>{PARAMETERS_FILE}</code> and draw them again with "
            f"<code>f2p-deploy render</code>. Made by f2p-deploy {__version__}.</p></footer>",
            "</body></html>\n",
        ]
    )


def _overview(characters: Iterable[Created]) -> str:
    tiles = "".join(
        f'<a href="#{_anchor(result.name)}"><img src="{_file(result.name, ALIGNED_FILE)}" alt="" loading="lazy">'
        f'<img src="{_file(result.name, _shown_first(result))}" alt="" loading="lazy">'
        f"<span>{_text(result.name)}</span></a>"
        for result in characters
    )
    return f'<nav class="overview" aria-label="All characters">{tiles}</nav>'


def _shown_first(result: Created) -> str:
    """Return the file of the picture that stands for a character: the engine's where there is one."""
    return ENGINE_FILE if result.has_engine_picture else CHARACTER_FILE


def _card(result: Created) -> str:
    name = result.name
    pictures = [
        _photo(name, result.view, f"{result.photo.name}, with the landmarks and the part that was aligned"),
        _picture(name, ALIGNED_FILE, "aligned face"),
    ]
    if result.has_engine_picture:  # what a player would see; the imitator's picture flatters mouths and jaws
        pictures.append(_picture(name, ENGINE_FILE, "character", "drawn by the engine"))
    pictures.append(_picture(name, CHARACTER_FILE, "character", "drawn by the imitator"))
    warnings = "".join(f"<li>{_text(warning[:1].upper() + warning[1:])}</li>" for warning in result.warnings)
    return "\n".join(
        [
            f'<article id="{_anchor(name)}">',
            f'<div class="title"><h2>{_text(name)}</h2><span class="mode">{_text(result.mode)}</span></div>',
            f'<p class="reason">{_text(result.mode[:1].upper() + result.mode[1:])}, {_text(result.mode_reason)}. '
            f"{result.generation_seconds:.2f} s for the character, {result.seconds:.2f} s in all.</p>",
            f'<ul class="warnings">{warnings}</ul>' if warnings else "",
            f'<div class="pictures">{"".join(pictures)}</div>',
            '<div class="details">',
            _losses(result),
            _controllers(result.parameters),
            _choices(result),
            "</div></article>",
        ]
    )


def _failure(result: Failed) -> str:
    return (
        f'<article class="failed"><div class="title"><h2>{_text(result.photo.name)}</h2>'
        f'<span class="mode">{_text(result.reason)}</span></div><p>{_text(result.message)}</p></article>'
    )


def _photo(name: str, view: PhotoView, description: str) -> str:
    """Show the photo with the frame of the aligned face and the landmarks over it."""
    frame = " ".join(f"{x},{y}" for x, y in view.frame)
    radius = max(view.width, view.height) / 110
    points = "".join(f'<circle cx="{x}" cy="{y}" r="{radius:.1f}"/>' for x, y in view.points.values())
    return (
        f'<figure class="photo"><div style="--ratio: {view.width} / {view.height}">'
        f'<img src="{_file(name, PHOTO_FILE)}" alt="{_text(description)}" loading="lazy">'
        f'<svg viewBox="0 0 {view.width} {view.height}" aria-hidden="true"><polygon points="{frame}"/>{points}</svg>'
        "</div><figcaption>photo</figcaption></figure>"
    )


def _picture(name: str, file: str, caption: str, detail: str = "") -> str:
    source = _file(name, file)
    more = f" <span>{_text(detail)}</span>" if detail else ""
    return (
        f'<figure><a href="{source}"><img src="{source}" alt="{_text(f"{caption} of {name}")}" loading="lazy"></a>'
        f"<figcaption>{_text(caption)}{more}</figcaption></figure>"
    )


def _losses(result: Created) -> str:
    if len(result.losses) < 2:
        text = "One forward pass of the translator: no iterations, no loss curve."
        return f'<section><h3>Loss</h3><p class="quiet">{text}</p></section>'
    iterations = len(result.losses) - 1
    title = f"loss over {iterations} iterations, from {result.losses[0]:.4g} to {result.losses[-1]:.4g}"
    return f"<section><h3>Loss over {iterations} iterations</h3>{loss_curve(result.losses, title)}</section>"


def _controllers(parameters: Parameters) -> str:
    """Show the controllers that differ most from the average face, as bars from the average to the value."""
    schema = parameters.schema
    usual = average(schema).values[: schema.n_c]
    values = parameters.values[: schema.n_c]
    order = np.argsort(-np.abs(values - usual), kind="stable")[:CONTROLLERS_SHOWN]
    rows = []
    for i in order:
        mean, value = float(usual[i]), float(values[i])
        left, width = f"{min(mean, value):.1%}", f"{abs(value - mean):.1%}"
        bar = f'<i style="left:{left};width:{width}"></i><b style="left:{mean:.1%}"></b>'
        rows.append(
            f'<tr><th scope="row">{_text(schema.controllers[i].name)}</th><td class="bar"><div>{bar}</div></td>'
            f"<td>{value:.2f}</td></tr>"
        )
    heading = f"Furthest from the average, {len(order)} of {schema.n_c} sliders"
    return f"<section><h3>{heading}</h3><table>{''.join(rows)}</table></section>"


def _choices(result: Created) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(group)}</th><td>{_text(option)}</td></tr>'
        for group, option in result.choices.items()
    )
    links = " · ".join(
        f'<a href="{_file(result.name, file)}">{file}</a>' for file in (PARAMETERS_FILE, CHARACTER_FILE, ALIGNED_FILE)
    )
    table = f'<h3>Choices</h3><table class="choices">{rows}</table>' if rows else ""
    return f'<section>{table}<h3>Files</h3><p class="quiet">{links}</p></section>'


def _file(name: str, file: str) -> str:
    return escape(address(Path(name) / file))


def _anchor(name: str) -> str:
    return escape(address(name))


def _text(text: str) -> str:
    """Return text as HTML: whatever a name has in it, it shows as that."""
    return escape(shown(text))
