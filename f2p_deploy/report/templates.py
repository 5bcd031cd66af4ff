"""Rendering of the package's Jinja templates; inserted values are escaped and made printable."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from f2p_deploy import __version__
from f2p_deploy.system.names import address, shown

if TYPE_CHECKING:
    from jinja2 import Environment


def render_template(name: str, values: Mapping[str, Any]) -> str:
    """Return a template rendered with values.

    Args:
        name: path of the template within the package, with slashes: `report/templates/measurements.html`.
        values: the template's variables, by name.

    Raises:
        jinja2.TemplateNotFound: there is no such file.
        jinja2.UndefinedError: a variable of the template is missing.
    """
    return template_environment().get_template(name).render(values)


@cache
def template_environment() -> "Environment":
    """Return the Jinja environment of the package's templates.

    Every inserted value except `Markup` is made printable by `shown` and then escaped, so a file name is displayed
    literally whatever characters it contains. Templates have the filters `address` (link to a file), `capital_first`
    and `css_percent`, the function `stylesheet`, and the variable `version`.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # takes 0.1 s, so only commands with a page pay it

    environment = Environment(
        loader=PackageLoader("f2p_deploy", "."),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(address=address, capital_first=capital_first, css_percent=css_percent)
    environment.globals.update(stylesheet=stylesheet, version=__version__)
    return environment


def stylesheet(name: str) -> Markup:
    """Return a style sheet unescaped, by its path within the package."""
    return Markup((files("f2p_deploy") / name).read_text(encoding="utf-8"))


def capital_first(text: str) -> str:
    """Return text with its first letter in upper case and the others unchanged."""
    return text[:1].upper() + text[1:]


def css_percent(share: float) -> str:
    """Return a fraction as a CSS percentage."""
    return f"{share:.1%}"


def _printable(value: object) -> object:
    """Return a value as printable text; `Markup` is returned unchanged."""
    return value if isinstance(value, Markup) else shown(value)
