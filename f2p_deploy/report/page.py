"""One HTML page for measurements: tables, bars, curves and pictures; one file, nothing from elsewhere."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy import __version__
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import shown

#: What the measurements need beyond the look of the page of characters.
_STYLE = """
article > * + * { margin-top: 14px; }
article section + section { margin-top: 22px; padding-top: 20px; border-top: 1px solid var(--line); }
article h3 { margin: 0; overflow-wrap: anywhere; }
.pictures {
  --column: 132px; margin-top: 10px; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--column) * var(--across)), 1fr));
}
.pictures.small { --column: 76px; gap: 6px 10px; }
.pictures figure img { aspect-ratio: var(--across); }
.small figcaption { margin-top: 3px; font-size: 11px; }
.small figure img { border-radius: 6px; }
figcaption span { display: block; }
.wide { overflow-x: auto; }
.wide table { white-space: nowrap; }
th, td { padding: 5px 18px 5px 0; }
thead th { color: var(--quiet); font-size: 13px; border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
td, thead th + th { text-align: right; }
td:last-child, thead th:last-child { padding-right: 0; }
tr.marked > * { color: var(--accent); font-weight: 600; }
.note { color: var(--quiet); font-size: 14px; max-width: 78ch; }
section .note { margin-top: 8px; }
.drawn .curve { max-width: 620px; margin-top: 10px; }
.barred { margin-top: 10px; }
.barred th, .barred td { padding: 2px 14px 2px 0; font-size: 13px; }
.barred tbody tr + tr > * { border-top: 0; }
.barred tr.marked i { background: var(--bad); }
"""


@dataclass(frozen=True)
class Picture:
    """One picture and the words below it.

    Args:
        source: a file relative to the page, or what `data_uri` gave.
        caption: what it shows.
        detail: a number or a remark, on a line of its own.
    """

    source: str
    caption: str = ""
    detail: str = ""


@dataclass(frozen=True)
class PictureRow:
    """Pictures side by side.

    Args:
        pictures: in order.
        title: what they have in common.
        text: a sentence about them.
        small: thumbnails, for many of them.
        across: how many times wider than high the pictures are: squares that were put side by side.
    """

    pictures: Sequence[Picture]
    title: str = ""
    text: str = ""
    small: bool = False
    across: int = 1


@dataclass(frozen=True)
class Table:
    """Cells in rows; the first column names the row, the others are numbers.

    Args:
        headers: one a column.
        rows: as many cells each.
        title: above it.
        text: below it: what the numbers are.
        marked: positions of the rows to stand out.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    text: str = ""
    marked: Sequence[int] = ()


@dataclass(frozen=True)
class Bars:
    """A bar for each of many things.

    Args:
        rows: name, length in [0, 1], and the words behind it.
        title: above them.
        text: below it: what the bars are.
        marked: positions of the rows to stand out.
    """

    rows: Sequence[tuple[str, float, str]]
    title: str = ""
    text: str = ""
    marked: Sequence[int] = ()


@dataclass(frozen=True)
class Drawing:
    """Something drawn as SVG, see `f2p_deploy.report.curve`.

    Args:
        svg: the element.
        title: above it.
        text: below it.
    """

    svg: str
    title: str = ""
    text: str = ""


#: What can stand in a card.
Part = Table | PictureRow | Bars | Drawing


@dataclass(frozen=True)
class Card:
    """A card of the page.

    Args:
        title: its heading.
        parts: what stands in it, from top to bottom.
        text: the sentence below the heading.
    """

    title: str
    parts: Sequence[Part] = ()
    text: str = ""


def write_page(
    path: Path, title: str, facts: Mapping[str, str], cards: Sequence[Card], notes: Sequence[str] = ()
) -> None:
    """Write a page, whole or not at all; the arguments are those of `page`.

    Raises:
        InputError: it cannot be written.
    """
    write_whole(path, page(title, facts, cards, notes).encode("utf-8"))


def page(title: str, facts: Mapping[str, str], cards: Sequence[Card], notes: Sequence[str] = ()) -> str:
    """Return a page as HTML.

    Args:
        title: the page's heading.
        facts: what was measured, by name: bundle, photos, ...
        cards: from top to bottom.
        notes: sentences for the foot of the page.
    """
    style = (files("f2p_deploy.report") / "page.css").read_text(encoding="utf-8") + _STYLE
    listed = " · ".join(f"{_text(name)} <b>{_text(value)}</b>" for name, value in facts.items())
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(title)} · f2p-deploy</title><style>{style}</style></head><body>",
            f'<header><h1>{_text(title)}</h1><p class="facts">{listed}</p></header>',
            "<main>",
            *(_card(card) for card in cards),
            "</main>",
            f"<footer>{''.join(f'<p>{_text(note)}</p>' for note in notes)}"
            f"<p>Made by f2p-deploy {__version__}.</p></footer>",
            "</body></html>\n",
        ]
    )


def data_uri(picture: np.ndarray, edge: int | None = None) -> str:
    """Return an (H, W, 3) uint8 picture as a `data:` address, so that the page stays one file.

    Args:
        picture: RGB.
        edge: its longest edge in the page in pixels; as it is if not given or smaller.
    """
    image = Image.fromarray(picture)
    if edge is not None:
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _card(card: Card) -> str:
    text = f'<p class="note">{_text(card.text)}</p>' if card.text else ""
    parts = [_part(part) for part in card.parts]
    return f"<article><h2>{_text(card.title)}</h2>{text}{''.join(parts)}</article>"


def _part(part: Part) -> str:
    match part:
        case Table():
            return _table(part)
        case PictureRow():
            return _pictures(part)
        case Bars():
            return _bars(part)
        case Drawing():
            return f'<section class="drawn">{_heading(part.title)}{part.svg}{_note(part.text)}</section>'


def _bars(bars: Bars) -> str:
    rows = []
    for i, (name, length, words) in enumerate(bars.rows):
        mark = ' class="marked"' if i in bars.marked else ""
        bar = f'<div><i style="left: 0; width: {100 * min(max(length, 0.0), 1.0):.1f}%"></i></div>'
        cells = f'<th scope="row">{_text(name)}</th><td class="bar">{bar}</td><td>{_text(words)}</td>'
        rows.append(f"<tr{mark}>{cells}</tr>")
    drawn = f'<table class="barred"><tbody>{"".join(rows)}</tbody></table>'
    return f"<section>{_heading(bars.title)}{_note(bars.text)}{drawn}</section>"


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{_text(header)}</th>' for header in table.headers)
    rows = []
    for i, row in enumerate(table.rows):
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in row[1:])
        mark = ' class="marked"' if i in table.marked else ""
        rows.append(f'<tr{mark}><th scope="row">{_text(row[0])}</th>{cells}</tr>')
    drawn = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<section>{_heading(table.title)}<div class="wide">{drawn}</div>{_note(table.text)}</section>'


def _pictures(row: PictureRow) -> str:
    figures = "".join(
        f'<figure><img src="{escape(picture.source)}" alt="{_text(picture.caption)}" loading="lazy">'
        f"<figcaption>{_text(picture.caption)}"
        f"{f'<span>{_text(picture.detail)}</span>' if picture.detail else ''}</figcaption></figure>"
        for picture in row.pictures
    )
    kind = f'class="pictures{" small" if row.small else ""}" style="--across: {row.across}"'
    return f"<section>{_heading(row.title)}{_note(row.text)}<div {kind}>{figures}</div></section>"


def _heading(title: str) -> str:
    return f"<h3>{_text(title)}</h3>" if title else ""


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>' if text else ""


def _text(text: str) -> str:
    """Return text as HTML: whatever a name has in it, it shows as that."""
    return escape(shown(text))
