"""The page of a run: complete, escaped, without external resources."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.pipeline import ChosenFinder

pytest.importorskip("torch")

_EMPTY = ("meta", "img", "link", "br")


class _Reader(HTMLParser):
    """Collects links and text, and fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path) -> Path:
    """The page of a photo with an awkward name in two modes, and of a text file."""
    from f2p_deploy.pipeline import create_characters

    awkward = photo.rename(photo.with_name("a & <b>.png"))
    (photo.parent / "notes.jpg").write_text("not a picture")
    photos = [awkward, photo.parent / "notes.jpg"]
    return create_characters(photos, small_bundle, tmp_path / "out", ["one-shot", "hybrid"], finder=finder).page


def test_every_link_leads_to_a_file_beside_the_page(page: Path) -> None:
    reader = _Reader()
    reader.feed(page.read_text())
    assert not reader.open
    links = [link for link in reader.links if not link.startswith("#")]
    assert len(links) >= 10
    for mode in ("one-shot", "hybrid"):
        assert any(link.endswith(f"-{mode}/parameters.json") for link in links)
    for link in links:
        assert not re.match(r"[a-z]+:|//", link), link
        assert (page.parent / unquote(link)).is_file(), link


def test_the_page_shows_characters_and_failures(page: Path, small_bundle: "Bundle") -> None:
    reader = _Reader()
    reader.feed(page.read_text())
    curve = f"Loss over {small_bundle.settings.hybrid.iterations} iterations"
    for words in ("2 characters, 1 photo failed", "a & _b_-hybrid", "2 modes side by side", curve):
        assert words in reader.text, words
    assert "notes.jpg: this is not a picture" in reader.text
    assert "Where they differ most, 6 of 6 sliders" in reader.text and page.read_text().count("<article") == 2


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_of_any_bytes(
    small_bundle: "Bundle", photo: Path, finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    names = [os.fsdecode(name) for name in (b"caf\xe9.png", b"new\nline\x1b[31m.png", b"back\\%41#?.png", b"\xff.png")]
    for name in names:
        (photo.parent / name).write_bytes(photo.read_bytes())
    (photo.parent / os.fsdecode(b"bad\xe9.jpg")).write_text("not a picture")
    finder = finder_for("astronaut.png", *names)
    out = tmp_path / os.fsdecode(b"\xe9")
    report = create_characters([photo.parent], small_bundle, out, ["one-shot"], finder=finder)
    assert (len(report.created), len(report.failed)) == (5, 1)
    text = report.page.read_bytes().decode("utf-8")
    assert not set(text) & set(map(chr, [*range(10), *range(11, 32)]))
    reader = _Reader()
    reader.feed(text)
    assert "bad\\xe9.jpg" in reader.text and "new_line_[31m" in reader.text
    for link in (link for link in reader.links if not link.startswith("#")):
        assert os.path.isfile(os.fsencode(report.out) + b"/" + unquote_to_bytes(link)), link
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert {link[1:] for link in reader.links if link.startswith("#")} == anchors and len(anchors) == 5


def test_pictures_are_loaded_when_they_come_into_sight(page: Path) -> None:
    text = page.read_text()
    assert text.count("<img") == text.count('loading="lazy"') == 4 and "<image" not in text
    assert "content-visibility: auto" in text


def test_it_is_light_and_dark(page: Path) -> None:
    assert "prefers-color-scheme: dark" in page.read_text()


def test_the_engines_picture_comes_first_and_the_imitators_is_a_preview(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", plain_engine: "Callable[..., Any]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    out = tmp_path / "out"
    engine = plain_engine(small_bundle.schema)
    drawn = create_characters([photo], small_bundle, out, ["one-shot"], finder=finder, engine=engine)
    text = drawn.page.read_text()
    pictures = re.findall(r'<img src="([^"]+)"', text)
    assert pictures == [f"astronaut/{file}" for file in ("engine.png", "aligned.png", "photo.jpg", "character.png")]
    assert "character <span>drawn by the engine" in text and "preview <span>by the imitator, not the engine" in text
    assert "--engine, with its assets" not in text
    without = create_characters([photo], small_bundle, out, ["one-shot"], finder=finder).page.read_text()
    assert "engine.png" not in without and "drawn by the engine" not in without
    assert "preview <span>by the imitator" in without and "--engine, with its assets" in without


def test_an_overview_of_four_photos_shows_every_mode(
    small_bundle: "Bundle", many: list[Path], finder_for: "Callable[..., ChosenFinder]", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    finder = finder_for(*(path.name for path in many))
    modes = ["one-shot", "hybrid"]
    text = create_characters(many[:4], small_bundle, tmp_path / "out", modes, finder=finder).page.read_text()
    (overview,) = re.findall(r"<nav.*?</nav>", text, re.DOTALL)
    assert overview.count("<a ") == 4 and overview.count("<img") == 12 and 'href="#0-one-shot"' in overview
    text = create_characters(many[:3], small_bundle, tmp_path / "out", modes, finder=finder).page.read_text()
    (earlier,) = re.findall(r"<nav.*?</nav>", text, re.DOTALL)
    assert "From earlier runs in this folder" in text and earlier.count("<a ") == 2
    assert 'href="3-hybrid/parameters.json"' in earlier and 'src="3-one-shot/character.png"' in earlier
    alone = create_characters(many[:1], small_bundle, tmp_path / "alone", modes, finder=finder)
    assert "<nav" not in alone.page.read_text() and alone.to_dict()["others"] == []


def test_an_edited_character_is_marked_beside_its_older_pictures(
    small_bundle: "Bundle", photo: Path, finder: "ChosenFinder", tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import create_characters

    report = create_characters([photo], small_bundle, tmp_path / "out", ["one-shot"], finder=finder)
    assert "Edited after" not in report.page.read_text()
    path = tmp_path / "out" / "astronaut" / "parameters.json"
    content = json.loads(path.read_text())
    content["controllers"]["eye.tx"] = 0.125
    path.write_text(json.dumps(content))
    report = create_characters([photo], small_bundle, tmp_path / "out", ["one-shot"], finder=finder)
    assert "Edited after it was drawn" in report.page.read_text() and report.characters[0].edited
    assert "not the engine, before it was edited" in report.page.read_text()
    compared = create_characters([photo], small_bundle, tmp_path / "two", ["one-shot", "hybrid"], finder=finder)
    assert "Edited after" not in compared.page.read_text()
