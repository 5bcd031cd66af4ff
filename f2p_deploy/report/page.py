"""One HTML page for measurements: tables, bars, curves and pictures; one file, nothing from elsewhere."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from markupsafe import Markup
from PIL import Image

from f2p_deploy.report.templates import render_template
from f2p_deploy.system.files import write_whole


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

    kind: ClassVar[str] = "pictures"

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

    kind: ClassVar[str] = "table"

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

    kind: ClassVar[str] = "bars"

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

    kind: ClassVar[str] = "drawing"

    svg: Markup
    title: str = ""
    text: str = ""


#: What can stand in a card; the template has a macro for each `kind`.
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
    values = {"title": title, "facts": facts, "cards": cards, "notes": notes}
    return render_template("report/templates/measurements.html", values)


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
