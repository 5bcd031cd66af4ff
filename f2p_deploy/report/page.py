"""An HTML page of measurements, with tables, bars, curves and pictures in one file without external resources."""

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
    """A picture with a caption.

    Args:
        source: a path relative to the page, or a `data:` address from `data_uri`.
        caption: the caption.
        detail: a number or remark on a separate line.
    """

    source: str
    caption: str = ""
    detail: str = ""


@dataclass(frozen=True)
class PictureRow:
    """Pictures side by side.

    Args:
        pictures: in order.
        title: heading.
        text: a sentence about the pictures.
        small: show thumbnails, for many pictures.
        across: width / height of each picture, which is a row of squares.
        narrowest: smallest width of a square in pixels; None for the usual one.
    """

    kind: ClassVar[str] = "pictures"

    pictures: Sequence[Picture]
    title: str = ""
    text: str = ""
    small: bool = False
    across: int = 1
    narrowest: int | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row, the others are numbers.

    Args:
        headers: one for each column.
        rows: the cells, row by row.
        title: heading above the table.
        text: explanation below the table.
        marked: indices of highlighted rows.
    """

    kind: ClassVar[str] = "table"

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    text: str = ""
    marked: Sequence[int] = ()


@dataclass(frozen=True)
class Bars:
    """A bar chart.

    Args:
        rows: (name, length in [0, 1], text after the bar).
        title: heading above the bars.
        text: explanation of the bars.
        marked: indices of highlighted rows.
    """

    kind: ClassVar[str] = "bars"

    rows: Sequence[tuple[str, float, str]]
    title: str = ""
    text: str = ""
    marked: Sequence[int] = ()


@dataclass(frozen=True)
class Drawing:
    """An SVG drawing, see `f2p_deploy.report.curve`.

    Args:
        svg: the `<svg>` element.
        title: heading above the drawing.
        text: explanation below the drawing.
    """

    kind: ClassVar[str] = "drawing"

    svg: Markup
    title: str = ""
    text: str = ""


#: The parts of a card; the template has a macro for each `kind`.
Part = Table | PictureRow | Bars | Drawing


@dataclass(frozen=True)
class Card:
    """A card of the page.

    Args:
        title: heading.
        parts: content, from top to bottom.
        text: sentence below the heading.
    """

    title: str
    parts: Sequence[Part] = ()
    text: str = ""


def write_page(
    path: Path, title: str, facts: Mapping[str, str], cards: Sequence[Card], notes: Sequence[str] = ()
) -> None:
    """Write a page atomically; for the arguments see `page`.

    Raises:
        InputError: the page cannot be written.
    """
    write_whole(path, page(title, facts, cards, notes).encode("utf-8"))


def page(title: str, facts: Mapping[str, str], cards: Sequence[Card], notes: Sequence[str] = ()) -> str:
    """Return a page as HTML.

    Args:
        title: heading of the page.
        facts: subject of the measurement, by name: bundle, photos, ...
        cards: from top to bottom.
        notes: sentences for the footer.
    """
    values = {"title": title, "facts": facts, "cards": cards, "notes": notes}
    return render_template("report/templates/measurements.html", values)


def data_uri(picture: np.ndarray, edge: int | None = None) -> str:
    """Return a picture as a `data:` address, which keeps the page in one file.

    Args:
        picture: (H, W, 3) uint8 RGB.
        edge: longest edge in pixels, to which larger pictures are reduced; None for no limit.
    """
    image = Image.fromarray(picture)
    if edge is not None:
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
