"""Pages made of templates: Jinja's, and whatever is put into one shows as what it is."""

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
    """Return what a template makes of values.

    Args:
        name: its path within the package, with slashes: `report/templates/measurements.html`.
        values: by the names that the template calls them.

    Raises:
        jinja2.TemplateNotFound: there is no such file.
        jinja2.UndefinedError: the template asks for something that the values do not have.
    """
    return template_environment().get_template(name).render(values)


@cache
def template_environment() -> "Environment":
    """Return what renders the package's templates.

    All that a template puts out is escaped, after `shown` has made it printable: a name shows as that, whatever it has
    in it. Only `Markup` goes out as it is. Templates have the filters `address`, which links to a file,
    `capital_first` and `css_percent`; the function `stylesheet`; and `version`.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 0.1 s, which no command without a page should wait

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
    """Return a style sheet by its path within the package, as it is."""
    return Markup((files("f2p_deploy") / name).read_text(encoding="utf-8"))


def capital_first(text: str) -> str:
    """Return words as the beginning of a sentence; what follows the first letter stays as it is."""
    return text[:1].upper() + text[1:]


def css_percent(share: float) -> str:
    """Return a share, 1 being all, as a length in a style."""
    return f"{share:.1%}"


def _printable(value: object) -> object:
    """Return what a template puts out as printable text, unless it is HTML already."""
    return value if isinstance(value, Markup) else shown(value)
