"""Templates: everything shows as what it is, nothing is left out silently, and all of them are in the package."""

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

import f2p_deploy
from f2p_deploy.report.templates import (
    capital_first,
    css_percent,
    render_template,
    stylesheet,
    template_environment,
)

PACKAGE = Path(f2p_deploy.__file__).parent

#: Whatever the values are, the environment is that of the pages.
TEMPLATES = {
    "text": '<p title="{{ text }}">{{ text }}</p>',
    "joined": "{{ text ~ '/' ~ text }}",
    "link": "{{ text|address }}",
    "nothing": "{{ thing }}{{ thing.part }}",
    "macro": "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{{ bold(text) }}",
    "lines": "<p>\n  {% if true %}\n{{ 1 }}\n  {% endif %}\n</p>\n",
}


@pytest.fixture
def environment() -> Iterator[Environment]:
    """The environment of the pages, with the templates of this file."""
    template_environment.cache_clear()
    environment = template_environment()
    environment.loader = DictLoader(TEMPLATES)
    yield environment
    template_environment.cache_clear()


def _render(environment: Environment, name: str, **values: object) -> str:
    return environment.get_template(name).render(values)


def test_autoescape_is_on(environment: Environment) -> None:
    text = _render(environment, "text", text="""<script>"a" & 'b'</script>""")
    escaped = "&lt;script&gt;&#34;a&#34; &amp; &#39;b&#39;&lt;/script&gt;"
    assert text == f'<p title="{escaped}">{escaped}</p>'
    assert _render(environment, "joined", text="<a>") == "&lt;a&gt;/&lt;a&gt;"
    assert _render(environment, "macro", text="<a>") == "<b>&lt;a&gt;</b>", "a macro's own tags stay"


def test_what_is_html_already_stays(environment: Environment) -> None:
    assert _render(environment, "text", text=Markup("<i>\n</i>")) == '<p title="<i>\n</i>"><i>\n</i></p>'


def test_names_of_any_bytes_are_shown(environment: Environment) -> None:
    name = "caf\udce9\x1b[31m\n\u202egpj\ud800"
    shown = r"caf\xe9\x1b[31m\n\u202egpj\ud800"
    assert _render(environment, "text", text=name) == f'<p title="{shown}">{shown}</p>'
    assert _render(environment, "joined", text=name) == f"{shown}/{shown}"
    assert _render(environment, "text", text=shown) == f'<p title="{shown}">{shown}</p>', "shown twice is shown once"


def test_links_lead_to_the_bytes_of_a_name(environment: Environment) -> None:
    assert _render(environment, "link", text="caf\udce9 <b>&#?/a.png") == "caf%E9%20%3Cb%3E%26%23%3F/a.png"


def test_an_undefined_name_raises(environment: Environment) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'thing' is undefined"):
        _render(environment, "nothing")
    with pytest.raises(jinja2.UndefinedError, match="no attribute 'part'"):
        _render(environment, "nothing", thing="a")


def test_lines_of_tags_leave_no_lines(environment: Environment) -> None:
    assert _render(environment, "lines") == "<p>\n1\n</p>\n"


def test_a_template_that_is_not_there_raises() -> None:
    with pytest.raises(jinja2.TemplateNotFound, match=r"report/templates/nothing\.html"):
        render_template("report/templates/nothing.html", {})


def test_every_template_of_the_package_is_one() -> None:
    found = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("templates/*.html")]
    assert {"report/templates/base.html", "report/templates/measurements.html"} <= set(found)
    for name in found:
        template_environment().get_template(name)


def test_no_template_has_a_way_around_escaping() -> None:
    for path in PACKAGE.rglob("templates/*.html"):
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", path.read_text(encoding="utf-8")), path


def test_style_sheets_go_out_as_they_are() -> None:
    sheet = stylesheet("report/page.css")
    assert isinstance(sheet, Markup) and sheet == (PACKAGE / "report" / "page.css").read_text(encoding="utf-8")


def test_words_and_shares() -> None:
    assert capital_first("one-shot, by Anna") == "One-shot, by Anna" and capital_first("") == ""
    assert [css_percent(share) for share in (0, 0.2004, 1)] == ["0.0%", "20.0%", "100.0%"]
