"""The page of measurements: well-formed, escaped, with its pictures in it."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from f2p_deploy import __version__
from f2p_deploy.report.curve import draw_curve
from f2p_deploy.report.page import Bars, Card, Drawing, Picture, PictureRow, Table, data_uri, page, write_page

_EMPTY = ("meta", "img", "link", "br")


class _Reader(HTMLParser):
    """Collects text and pictures, and fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value for name, value in attrs if name == "src" and value]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_is_well_formed_and_escaped(tmp_path: Path) -> None:
    awkward = "a & <b>"
    table = Table(["mode", awkward], [["hybrid", "<0.1"], [awkward, "2"]], awkward, awkward, marked=[1])
    row = PictureRow([Picture("one.png", awkward, awkward)], awkward, awkward, small=True)
    write_page(tmp_path / "index.html", awkward, {awkward: awkward}, [Card(awkward, [table, row], awkward)], [awkward])
    written = (tmp_path / "index.html").read_text()
    reader = _Reader()
    reader.feed(written)
    assert not reader.open and reader.sources == ["one.png"]
    assert reader.text.count(awkward) == 13 and "<0.1" in reader.text
    assert re.search(r'<tr class="marked"><th scope="row">a &amp; &lt;b&gt;</th><td>2</td>', written)


def test_names_of_any_bytes_are_shown(tmp_path: Path) -> None:
    odd = "caf\udce9 \x1b[31m\n"
    row = PictureRow([Picture("a%E9.png", odd, odd)], odd, odd)
    write_page(tmp_path / "index.html", odd, {odd: odd}, [Card(odd, [Table([odd], [[odd]]), row], odd)], [odd])
    text = (tmp_path / "index.html").read_bytes().decode("utf-8")
    assert text.count(r"caf\xe9 \x1b[31m\n") == 14 and "\x1b" not in text and 'src="a%E9.png"' in text


def test_a_picture_in_the_page_is_the_picture() -> None:
    picture = np.zeros((80, 40, 3), np.uint8)
    picture[:40] = (200, 30, 60)
    with Image.open(io.BytesIO(base64.b64decode(data_uri(picture, 20).partition(",")[2]))) as image:
        small = np.asarray(image).astype(int)
    assert small.shape == (20, 10, 3)
    assert np.abs(small[2] - (200, 30, 60)).max() < 12 and small[-2].max() < 12
    assert len(data_uri(picture, 1000)) == len(data_uri(picture))


def test_a_page_needs_nothing_from_elsewhere() -> None:
    text = page("Title", {}, [Card("Card", [PictureRow([Picture(data_uri(np.zeros((8, 8, 3), np.uint8)))])])])
    assert not re.search(r"(src|href)=.(https?:)?//", text) and "@import" not in text


def test_bars_and_drawings_stand_in_cards() -> None:
    bars = Bars([("a & b", 0.5, "half"), ("c", 7.0, "too much")], "title", "text", marked=[1])
    written = page("page", {}, [Card("card", [bars, Drawing(Markup("<svg></svg>"), "drawn", "below")])])
    reader = _Reader()
    reader.feed(written)
    assert not reader.open and {"a & b", "half", "title", "drawn", "below"} <= set(reader.text)
    assert "width: 50.0%" in written and "width: 100.0%" in written and "700" not in written
    assert '<tr class="marked"><th scope="row">c</th>' in written and "<svg></svg>" in written


def test_only_what_was_drawn_is_taken_for_html() -> None:
    drawn = draw_curve((0, 1), (1.0, 2.0), "a & <b>", "<x>", "<y>")
    assert isinstance(drawn, Markup)
    written = page("page", {}, [Card("card", [Drawing(drawn), Table(["<svg>"], [])])])
    assert written.count("<svg") == 1 and "&lt;svg&gt;" in written and 'aria-label="a &amp; &lt;b&gt;"' in written


def test_a_page_has_both_style_sheets_and_says_what_made_it() -> None:
    written = page("Title", {"bundle": "demo", "split": ""}, [], ["One.", "Two."])
    assert "prefers-color-scheme: dark" in written and ".barred" in written
    assert '<p class="facts">bundle <b>demo</b> · split <b></b></p>' in written
    assert f"<p>One.</p>\n<p>Two.</p>\n<p>Made by f2p-deploy {__version__}.</p>" in written
